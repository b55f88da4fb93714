/// The names that `\p{…}` and `[:…:]` take.
enum UnicodeClasses {
    /// The characters that `\p{name}` stands for, nil if the name is unknown. Case, spaces, hyphens and
    /// underscores of the name do not matter.
    static func set(named name: [UInt8], foldsCase: Bool) -> CharacterSet? {
        let name = canonical(name)
        var set = CharacterSet()
        switch name {
        case "Any":
            return CharacterSet(0...CharacterSet.highest)
        case "Assigned":
            set.insert(.init(mask: GeneralCategoryMask.bit(.unassigned), foldsCase: false, isNegated: true))
            return set
        case "Ascii":
            set = CharacterSet(0...0x7F)
        default:
            if let mask = GeneralCategoryMask.named[categoryAliases[name] ?? name] {
                set.insert(.init(mask: mask, foldsCase: foldsCase, isNegated: false))
                return set
            }
            guard let ranges = ScriptTable.ranges(of: name) else { return nil }
            for range in ranges { set.insert(range) }
        }
        if foldsCase {
            set.foldCase()
            set.normalize()
        }
        return set
    }

    /// The characters of a Perl class, named by the lower-case letter behind the backslash.
    static func perl(_ letter: UInt8) -> CharacterSet? {
        switch letter {
        case UInt8(ascii: "d"): CharacterSet(0x30...0x39)
        case UInt8(ascii: "s"): CharacterSet(0x09...0x0A, 0x0C...0x0D, 0x20...0x20)
        case UInt8(ascii: "w"): posix["word"]
        default: nil
        }
    }

    /// The characters of `[:name:]`.
    static let posix: [String: CharacterSet] = [
        "alnum": CharacterSet(0x30...0x39, 0x41...0x5A, 0x61...0x7A),
        "alpha": CharacterSet(0x41...0x5A, 0x61...0x7A),
        "ascii": CharacterSet(0x00...0x7F),
        "blank": CharacterSet(0x09...0x09, 0x20...0x20),
        "cntrl": CharacterSet(0x00...0x1F, 0x7F...0x7F),
        "digit": CharacterSet(0x30...0x39),
        "graph": CharacterSet(0x21...0x7E),
        "lower": CharacterSet(0x61...0x7A),
        "print": CharacterSet(0x20...0x7E),
        "punct": CharacterSet(0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E),
        "space": CharacterSet(0x09...0x0D, 0x20...0x20),
        "upper": CharacterSet(0x41...0x5A),
        "word": CharacterSet(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A),
        "xdigit": CharacterSet(0x30...0x39, 0x41...0x46, 0x61...0x66),
    ]

    /// A first capital, then small letters; spaces, hyphens and underscores left out.
    private static func canonical(_ name: [UInt8]) -> String {
        var letters: [UInt8] = []
        var isFirst = true
        for byte in name {
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "):
                continue
            case UInt8(ascii: "a")...UInt8(ascii: "z") where isFirst:
                letters.append(byte - 0x20)
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where !isFirst:
                letters.append(byte + 0x20)
            default:
                letters.append(byte)
            }
            isFirst = false
        }
        return String(decoding: letters, as: UTF8.self)
    }

    private static let categoryAliases: [String: String] = [
        "Casedletter": "Lc", "Closepunctuation": "Pe", "Cntrl": "Cc", "Combiningmark": "M",
        "Connectorpunctuation": "Pc", "Control": "Cc", "Currencysymbol": "Sc", "Dashpunctuation": "Pd",
        "Decimalnumber": "Nd", "Digit": "Nd", "Enclosingmark": "Me", "Finalpunctuation": "Pf", "Format": "Cf",
        "Initialpunctuation": "Pi", "Letter": "L", "Letternumber": "Nl", "Lineseparator": "Zl",
        "Lowercaseletter": "Ll", "Mark": "M", "Mathsymbol": "Sm", "Modifierletter": "Lm", "Modifiersymbol": "Sk",
        "Nonspacingmark": "Mn", "Number": "N", "Openpunctuation": "Ps", "Other": "C", "Otherletter": "Lo",
        "Othernumber": "No", "Otherpunctuation": "Po", "Othersymbol": "So", "Paragraphseparator": "Zp",
        "Privateuse": "Co", "Punct": "P", "Punctuation": "P", "Separator": "Z", "Spaceseparator": "Zs",
        "Spacingmark": "Mc", "Surrogate": "Cs", "Symbol": "S", "Titlecaseletter": "Lt", "Unassigned": "Cn",
        "Uppercaseletter": "Lu",
    ]
}

/// General categories as bits, so that a set of them is a number.
enum GeneralCategoryMask {
    private static let order: [(name: String, category: Unicode.GeneralCategory)] = [
        ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
        ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
        ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
        ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
        ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
        ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
        ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
        ("Cn", .unassigned),
    ]

    private static let bits = Dictionary(
        uniqueKeysWithValues: order.enumerated().map { ($0.element.category, UInt32(1) << UInt32($0.offset)) })

    static func bit(_ category: Unicode.GeneralCategory) -> UInt32 { bits[category] ?? 0 }

    /// Categories such as `Lu`, and groups such as `L`.
    static let named: [String: UInt32] = {
        var named: [String: UInt32] = [:]
        for (name, category) in order {
            named[name] = bit(category)
            named[String(name.prefix(1)), default: 0] |= bit(category)
        }
        named["Lc"] = bit(.uppercaseLetter) | bit(.lowercaseLetter) | bit(.titlecaseLetter)
        return named
    }()
}
