import TextTemplate

/// Something that a rendering came across, and that is probably a mistake.
package enum RenderRemark: Equatable, Sendable {
    /// `ls`, `gets` or their like found nothing, because this key has a value and no keys below it.
    case listsValue(key: ByteString)
    /// Nothing was found at this path, which begins without a slash; with one there is.
    case withoutSlash(path: ByteString)
    /// A name could not be looked up, because nobody answered: the template saw an empty list.
    case lookupFailed(name: ByteString)
}
