//! The bugs: in which file, what they are, and how its text becomes wrong.

/// One bug.
pub(crate) struct Bug {
    /// Of the module that holds it.
    pub(crate) name: &'static str,
    /// Without `.rs`.
    pub(crate) file: &'static str,
    /// In a sentence.
    pub(crate) what: &'static str,
    /// Right and wrong text.
    pub(crate) swaps: &'static [(&'static str, &'static str)],
}

pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "any_order",
        file: "locks",
        what: "SKUs may be taken in any order.",
        swaps: &[("skus.is_sorted_by(|a, b| a < b)", "!skus.is_empty()")],
    },
    Bug {
        name: "looked_before_locked",
        file: "locks",
        what: "Whether a SKU is owned is looked up before the table is locked to take it.",
        swaps: &[(
            "        let mut table = self.locks.waiters.lock();
        while let Some(sku) = self.skus.get(self.taken) {
            if let Some(queue) = table.get_mut(sku) {",
            "        while let Some(sku) = self.skus.get(self.taken) {
            let owned = self.locks.waiters.lock().contains_key(sku);
            let mut table = self.locks.waiters.lock();
            if owned && let Some(queue) = table.get_mut(sku) {",
        )],
    },
    Bug {
        name: "last_come_first_served",
        file: "locks",
        what: "Who came last is served first.",
        swaps: &[("queue.pop_front()", "queue.pop_back()")],
    },
    Bug {
        name: "not_closed_first",
        file: "locks",
        what: "A waiter that goes away looks whether it was handed over, and can still be after.",
        swaps: &[("            waiting.close();\n", "")],
    },
    Bug {
        name: "kept_by_the_gone",
        file: "locks",
        what: "What was handed over to a waiter that went away is not given back.",
        swaps: &[(
            "self.taken += usize::from(waiting.try_recv().is_ok());",
            "waiting.try_recv().ok();",
        )],
    },
    Bug {
        name: "told_too_early",
        file: "inbox",
        what: "The lane is told before the records can be seen.",
        swaps: &[
            (
                "        let mut inner = self.inner.lock();
        let fits",
                "        self.arrived.notify_one();
        let mut inner = self.inner.lock();
        let fits",
            ),
            (
                "        drop(inner);
        self.arrived.notify_one();
",
                "",
            ),
        ],
    },
    Bug {
        name: "waits_on_an_old_look",
        file: "inbox",
        what: "The poller looks whether the inbox is full, and locks it to wait after that.",
        swaps: &[(
            "        let mut inner = self.inner.lock();
        if inner.chunks.len() >= CHUNKS_MAX {",
            "        let is_full = self.is_full();
        let mut inner = self.inner.lock();
        if is_full {",
        )],
    },
    Bug {
        name: "taken_from_the_end",
        file: "inbox",
        what: "What was pushed last is taken first.",
        swaps: &[("inner.chunks.pop_front()", "inner.chunks.pop_back()")],
    },
    Bug {
        name: "records_overtake_orders",
        file: "inbox",
        what: "Records are given out while an order waits.",
        swaps: &[(
            "        if !inner.orders.is_empty() {",
            "        if inner.chunks.is_empty() {",
        )],
    },
    Bug {
        name: "old_lessons_kept",
        file: "knowledge",
        what: "What was learnt in an old epoch is kept in a new one.",
        swaps: &[(
            "        if inner.0 != epoch {",
            "        if inner.0 < epoch {",
        )],
    },
    Bug {
        name: "counted_before_forgotten",
        file: "knowledge",
        what: "An epoch begins before what was known is forgotten.",
        swaps: &[(
            "        inner.0 += 1;
        inner.1.clear();",
            "        inner.0 += 1;
        drop(inner);
        self.inner.lock().1.clear();",
        )],
    },
    Bug {
        name: "epochs_mixed",
        file: "knowledge",
        what: "Rows are read in one epoch and said to be of another.",
        swaps: &[(
            "        let inner = self.inner.lock();
        (inner.0, skus",
            "        let rows: Vec<Option<Row>> = {
            let inner = self.inner.lock();
            skus.map(|sku| inner.1.get(sku).copied()).collect()
        };
        (self.epoch(), rows)
    }

    fn right<'a>(&self, skus: impl Iterator<Item = &'a Sku>) -> (u64, Vec<Option<Row>>) {
        let inner = self.inner.lock();
        (inner.0, skus",
        )],
    },
    Bug {
        name: "added_in_two_steps",
        file: "filter",
        what: "A word is read, and written with one more bit.",
        swaps: &[(
            "line[word].fetch_or(bit, Ordering::Relaxed);",
            "let known = line[word].load(Ordering::Relaxed);
            line[word].store(known | bit, Ordering::Relaxed);",
        )],
    },
];
