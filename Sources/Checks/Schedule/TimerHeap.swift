/// At most one time for each number from 0 on, and the earliest of them first. Every change takes a time that grows with
/// the logarithm of their count.
struct TimerHeap: Sendable {
    private struct Item {
        var time: Duration
        var number: Int
    }

    /// No item is later than those at twice its place and after.
    private var items: [Item] = []
    /// Where a number's item is, -1 if there is none.
    private var places: [Int] = []

    /// The earliest time.
    var first: Duration? { items.first?.time }

    /// Takes the number with the earliest time out if that is not after `now`.
    mutating func pop(notAfter now: Duration) -> (number: Int, time: Duration)? {
        guard let first = items.first, first.time <= now else { return nil }
        remove(first.number)
        return (first.number, first.time)
    }

    /// Gives `number` a time, in place of the one that it has.
    mutating func set(_ number: Int, to time: Duration) {
        while places.count <= number { places.append(-1) }
        var place = places[number]
        if place < 0 {
            place = items.count
            items.append(Item(time: time, number: number))
        } else {
            items[place].time = time
        }
        places[number] = place
        settle(place)
    }

    /// Takes `number` out; nothing happens if it has no time.
    mutating func remove(_ number: Int) {
        guard number < places.count, places[number] >= 0 else { return }
        let place = places[number]
        places[number] = -1
        let last = items.removeLast()
        guard place < items.count else { return }
        items[place] = last
        places[last.number] = place
        settle(place)
    }

    /// Moves the item at `place` to where it belongs.
    private mutating func settle(_ place: Int) {
        var place = place
        while place > 0, items[place].time < items[(place - 1) / 2].time {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        while let child = earlierChild(of: place), items[child].time < items[place].time {
            swap(place, child)
            place = child
        }
    }

    private func earlierChild(of place: Int) -> Int? {
        let left = 2 * place + 1
        guard left < items.count else { return nil }
        return left + 1 < items.count && items[left + 1].time < items[left].time ? left + 1 : left
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        items.swapAt(first, second)
        places[items[first].number] = first
        places[items[second].number] = second
    }
}
