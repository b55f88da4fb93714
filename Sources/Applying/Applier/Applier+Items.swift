import Configuration
import KeyValue
import Posix
import Staging

// The journal of the files of items, by which those of items that are gone can be removed. An event is added before a file is
// staged, and has to be on disk before the rename: most of its sync is over by then.
extension Applier {
    /// Refuses an item whose file is an input of the resource, such as its template. Other resources are refused on loading.
    func refuseInputs(_ resource: Resource) throws(StepFailure) {
        guard resource.item != nil,
            let input = InputFiles.refusal(
                of: resource.destination, source: resource.source, resourceFile: resource.file)
        else { return }
        throw .writesInput(ResourceError(resource.file, nil, .writesInput(input, resource.destination), field: "dest"))
    }

    /// Notes that `content` will be written. If that fails the file is not written, because it could never be removed.
    func noteWriting(_ content: [UInt8], _ file: RenderedFile) throws(StepFailure) {
        try keep(content, file) { (journal, name, hash) throws(SystemError) in try journal.begin(name, hash) }
    }

    /// Waits until the note is on disk.
    func waitForNote(of file: RenderedFile) throws(StepFailure) {
        guard let journal = file.request.journal, !settings.noop else { return }
        do throws(SystemError) {
            try journal.synchronize()
        } catch {
            throw .namesOfItemsNotKept(error)
        }
    }

    /// Notes what was written: a check may have edited it.
    func noteWritten(_ content: [UInt8], _ file: RenderedFile, _ destination: Destination) {
        guard file.request.journal != nil else { return }
        var written = content
        let mayBeEdited = file.resource.stagedCheck != nil || file.resource.checkCommand != nil
        if mayBeEdited, let edited = (try? destination.read()).flatMap({ $0 }) { written = edited }
        // If it fails, the line of `noteWriting` is still there.
        try? keepWritten(written, file)
    }

    /// Notes that `content` is not written: its check has refused it.
    func noteNotWritten(_ content: [UInt8], _ file: RenderedFile) {
        // If it fails, the line of `noteWriting` does no harm.
        try? keep(content, file) { (journal, name, hash) throws(SystemError) in try journal.withdraw(name, hash) }
    }

    /// Notes that the file is as wanted, also if somebody else wrote it: from then on it counts as ours.
    func noteOwned(_ content: [UInt8], _ file: RenderedFile) {
        guard let journal = file.request.journal, let name = file.resource.itemFile else { return }
        if journal.isOurs(content, in: name) { return }
        // The next comparison tries again.
        try? keepWritten(content, file)
    }

    private func keepWritten(_ content: [UInt8], _ file: RenderedFile) throws(StepFailure) {
        try keep(content, file) { (journal, name, hash) throws(SystemError) in try journal.end(name, hash) }
    }

    private func keep(
        _ content: [UInt8], _ file: RenderedFile,
        _ add: (ItemJournal, ItemFile, ContentHash) throws(SystemError) -> Void
    ) throws(StepFailure) {
        guard let journal = file.request.journal, !settings.noop, let name = file.resource.itemFile else { return }
        let hash = ContentHash(of: content)
        do throws(SystemError) {
            try add(journal, name, hash)
        } catch {
            throw .namesOfItemsNotKept(error)
        }
    }
}

extension Resource {
    /// The file of an item, as the manifest names it.
    var itemFile: ItemFile? {
        guard item != nil, let items else { return nil }
        return ItemFile(folder: items.folder, name: Files.split(destination).name)
    }
}

extension Applier {
    /// Restores what a crash has left of the check in place of `file`, which a resource with items has written.
    package func restore(_ file: ItemFile, of resource: Resource, _ history: inout History) {
        do throws(StagingError) {
            // Each item has a history of its own, which does not exist yet.
            var own = History()
            try recovery.restore(Files.join(file.folder, file.name), resource.attributes, &own)
        } catch {
            report(.staging(error), .application, of: resource, &history)
        }
    }
}

// MARK: - Removal

/// Files of items that are gone, to be removed.
package struct RemovalRequest: Sendable {
    /// The resource with `for_each`.
    let resource: Resource
    let plan: RemovalPlan
    let journal: ItemJournal?
    let changes: KeyChanges
    let history: History

    package init(
        resource: Resource, plan: RemovalPlan, journal: ItemJournal?, changes: KeyChanges, history: History
    ) {
        self.resource = resource
        self.plan = plan
        self.journal = journal
        self.changes = changes
        self.history = history
    }
}

extension Applier {
    /// Removes what the plan says, unless it is held; every failure is logged. A reload that is owed for it is noted before the
    /// first file goes.
    package func remove(_ request: RemovalRequest) -> Outcome {
        var history = request.history
        let resource = request.resource
        let plan = request.plan
        var outcome: Outcome
        do throws(StepFailure) {
            outcome = plan.isHeld && !settings.noop ? Outcome(.held) : try remove(plan.files, request)
            report(nil, .application, of: resource, &history)
        } catch {
            report(error, .application, of: resource, &history)
            outcome = Outcome(error.state)
        }
        if outcome.state == .updated, !settings.onetime { outcome.change = request.changes.applied }
        outcome.inputs.reads = ReadSet.Recorder().finish()
        outcome.history = history
        outcome.guardReport = GuardReport(keys: AppliedKeys(plan.keys), violations: plan.violations)
        return outcome
    }

    private func remove(_ files: [ItemFile], _ request: RemovalRequest) throws(StepFailure) -> Outcome {
        let resource = request.resource
        guard let journal = request.journal else { return Outcome(.inSync) }
        if settings.noop { return try show(files, request) }
        let wasOwed = journal.isReloadOwed
        do throws(SystemError) {
            try journal.flush()
            if !files.isEmpty, resource.reloadMethod != nil, !settings.syncOnly {
                try journal.add(.owed)
                try journal.synchronize()
            }
        } catch {
            throw .removalsNotKept(error)
        }
        var done = Removals()
        var failure: StepFailure?
        for (path, files) in Dictionary(grouping: files, by: \.folder).sorted(by: { $0.key < $1.key }) {
            do throws(StepFailure) {
                try remove(files, below: path, request, journal, &done)
            } catch {
                failure = failure ?? error
            }
        }
        // Without a removal no reload is owed.
        if done.removed.isEmpty, !wasOwed, journal.isReloadOwed { forgetReload(journal) }
        if let failure { throw failure }
        return try finished(request, journal, done)
    }

    /// What has become of files that no item wants.
    private struct Removals {
        var removed: [String] = []
        var kept: [String] = []
    }

    /// The outcome of a pass: a reload from before a restart may be owed still.
    private func finished(
        _ request: RemovalRequest, _ journal: ItemJournal, _ done: Removals
    ) throws(StepFailure) -> Outcome {
        var reload: Reload?
        if journal.isReloadOwed, let folder = request.resource.items?.folder {
            reload = try self.reload(
                request.resource, folder, source: folder, request.changes, isNew: !done.removed.isEmpty)
            reload?.journal = journal
        }
        var outcome = Outcome(done.removed.isEmpty ? .inSync : .updated, reload: reload)
        outcome.removed = done.removed
        outcome.kept = done.kept
        return outcome
    }

    /// Removes files of one directory.
    private func remove(
        _ files: [ItemFile], below path: String, _ request: RemovalRequest, _ journal: ItemJournal,
        _ done: inout Removals
    ) throws(StepFailure) {
        let resource = request.resource
        var isChanged = false
        var failure: StepFailure?
        do throws(StagingError) {
            let folder = try ItemFolder(resolving: path)
            let reason = path == resource.items?.folder ? "its key is gone" : "dest is in another directory now"
            for file in files {
                do throws(StagingError) {
                    let result = try folder?.remove(file.name) { journal.isOurs($0, in: file) } ?? .absent
                    if result == .removed {
                        done.removed.append(file.name)
                        isChanged = true
                        logger.info("\(Files.join(path, file.name)) has been removed: \(reason)", resource)
                    } else if result == .foreign {
                        done.kept.append(file.name)
                        logger.warning(
                            "\(Files.join(path, file.name)) stays: \(reason), but confd has not written what is in it",
                            resource)
                    }
                } catch {
                    failure = failure ?? .staging(error)
                    continue
                }
                // If the line is lost, the next start finds no such file.
                try? journal.add(.dropped(file))
            }
            if isChanged { warnings.give(folder?.synchronize() ?? []) }
        } catch {
            throw .staging(error)
        }
        if let failure { throw failure }
    }

    /// `-noop`: logs which files would be removed.
    private func show(_ files: [ItemFile], _ request: RemovalRequest) throws(StepFailure) -> Outcome {
        guard let manifest = request.journal?.manifest else { return Outcome(.inSync) }
        if request.plan.isHeld {
            logger.warning(Self.holdMessage(request.resource, request.plan.violations, hasFile: true), request.resource)
            return Outcome(.wouldChange)
        }
        var count = 0
        do throws(StagingError) {
            for file in files {
                guard let content = try ItemFolder(resolving: file.folder)?.read(file.name),
                    manifest.isOurs(content, in: file)
                else { continue }
                count += 1
                let path = Files.join(file.folder, file.name)
                logger.warning("Noop mode enabled. \(path) will not be removed", request.resource)
                differences?.print(FileDifference(removing: path, content))
            }
        } catch {
            throw .staging(error)
        }
        return Outcome(count > 0 ? .wouldChange : .inSync)
    }

    /// Notes that the reload for the removals has succeeded.
    func noteReload(_ reload: Reload) { if let journal = reload.journal { forgetReload(journal) } }

    private func forgetReload(_ journal: ItemJournal) {
        do throws(SystemError) {
            try journal.add(.reloaded)
        } catch {
            // It costs one reload too many after the next start.
            warnings.give("-state-dir: \(error.message)")
        }
    }
}
