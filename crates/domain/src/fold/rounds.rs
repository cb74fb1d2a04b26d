//! The fold with rules: each round asks about the rest of every SKU at the balances it will
//! probably have, and decides as far as those were right. Knows no rule.

use std::ops::Range;

use super::after::{Met, judge};
use super::guess::Guess;
use super::{After, Answered, Folded, Policy, Question, Repeats};
use crate::verdict::{Combined, Decision, Said};
use crate::{Event, Outcome, Refusal, Slot, Stock};

/// After a round, the next asks about so many times as many events of the SKU as this one decided,
/// and at least about `WINDOW_MIN`, which take about as long as a round itself: a guess that is
/// always wrong costs no more than twice the rounds. The first, which knows nothing, asks about as
/// few.
const WINDOW_GROWTH: usize = 4;
const WINDOW_MIN: usize = 64;

/// As [`fold`](super::fold), with rules: `ask` answers for all questions of a round, in their
/// order. There are about as many rounds as the verdicts on one SKU flip.
///
/// `alike` has a number for each event: rules will probably ask for the same stock where it is the
/// same, in one batch. It changes how many questions are asked, and nothing else; where it has none,
/// the number is 0.
///
/// # Errors
/// That of `ask`; nothing is decided then.
///
/// # Panics
/// If an event names a slot that is not there, or `ask` does not answer every question.
pub fn fold_asking<E>(
    events: &[Event],
    slots: &[Slot],
    answered: &Answered,
    policy: &Policy,
    alike: &[u32],
    mut ask: impl FnMut(&[Question]) -> Result<Vec<Combined>, E>,
) -> Result<Folded, E> {
    let mut repeats = Repeats::new(events, answered);
    let repeats: Vec<_> = events.iter().map(|event| repeats.of(event)).collect();
    let batch = Batch {
        events,
        repeats: &repeats,
        policy,
        alike,
    };
    let mut tails: Vec<Tail> = slots.iter().map(|&slot| Tail::of(slot)).collect();
    for (n, event) in (0..).zip(events) {
        tails[event.slot as usize].events.push(n);
    }
    let mut decided = Decided {
        outcomes: vec![None; events.len()],
        ..Decided::default()
    };
    for tail in &mut tails {
        tail.advance(&batch, Round::default(), &mut decided);
    }
    let mut asked = 0;
    loop {
        let questions = questions(&batch, &mut tails);
        if questions.is_empty() {
            return Ok(decided.folded(&tails));
        }
        let answers = ask(&questions)?;
        assert_eq!(answers.len(), questions.len(), "every question is answered");
        let round = Round {
            first: asked,
            questions: &questions,
            answers: &answers,
        };
        for tail in &mut tails {
            let count = tail.advance(&batch, round, &mut decided);
            tail.window = WINDOW_MIN.max(WINDOW_GROWTH.saturating_mul(count));
        }
        let more = u32::try_from(answers.len()).expect("a batch has fewer than 2^32 questions");
        asked = asked.saturating_add(more);
    }
}

/// What stays the same over all rounds.
struct Batch<'a> {
    events: &'a [Event],
    repeats: &'a [Option<Refusal>],
    policy: &'a Policy,
    alike: &'a [u32],
}

/// What the rules say in one round.
#[derive(Clone, Copy, Default)]
struct Round<'a> {
    /// The number of its first question.
    first: u32,
    questions: &'a [Question],
    answers: &'a [Combined],
}

/// What the rounds have decided so far.
#[derive(Default)]
struct Decided {
    outcomes: Vec<Option<Outcome>>,
    flags: Vec<(u32, Said)>,
    used: Vec<u32>,
}

impl Decided {
    fn folded(mut self, tails: &[Tail]) -> Folded {
        self.flags.sort_by_key(|&(event, _)| event);
        let outcomes = self.outcomes.into_iter();
        Folded {
            outcomes: outcomes
                .map(|outcome| outcome.expect("all tails are done"))
                .collect(),
            slots: tails.iter().map(|tail| tail.after).collect(),
            flags: self.flags,
            used: self.used,
        }
    }
}

/// The questions of one round, those of a tail together.
fn questions(batch: &Batch<'_>, tails: &mut [Tail]) -> Vec<Question> {
    let mut questions = Vec::new();
    for tail in tails {
        let start = questions.len();
        tail.ask(batch, &mut questions);
        tail.questions = start..questions.len();
    }
    questions
}

/// One SKU, and its events that are not decided yet.
struct Tail {
    after: After,
    events: Vec<u32>,
    /// Which of them is next.
    next: usize,
    /// How many are asked about at most.
    window: usize,
    guess: Guess,
    /// Its questions of this round.
    questions: Range<usize>,
}

impl Tail {
    fn of(slot: Slot) -> Tail {
        Tail {
            after: After::of(slot),
            events: Vec::new(),
            next: 0,
            window: WINDOW_MIN,
            guess: Guess::default(),
            questions: 0..0,
        }
    }

    /// Folds on, as guessed, and notes what would be asked on the way.
    fn ask(&self, batch: &Batch<'_>, questions: &mut Vec<Question>) {
        let mut after = self.after;
        for &n in self.events[self.next..].iter().take(self.window) {
            let (event, repeat) = batch.event(n);
            let outcome = match after.meet(event, repeat, batch.policy) {
                Met::Outcome(outcome) => outcome,
                Met::Product(stock) => {
                    questions.push(question(n, stock));
                    if self.guess.refuses(event, batch.group(n), stock) {
                        continue;
                    }
                    judge(event, stock, batch.policy.limits, Decision::Accept)
                }
            };
            after.record(outcome);
        }
    }

    /// Decides as far as no answer is missing. Answers how many events that were.
    fn advance(&mut self, batch: &Batch<'_>, round: Round<'_>, decided: &mut Decided) -> usize {
        let (start, mut numbers) = (self.next, self.questions.clone());
        while let Some(&n) = self.events.get(self.next) {
            let (event, repeat) = batch.event(n);
            let outcome = match self.after.meet(event, repeat, batch.policy) {
                Met::Outcome(outcome) => outcome,
                Met::Product(stock) => {
                    let asked = |number: &usize| round.questions[*number] == question(n, stock);
                    let Some(number) = numbers.next().filter(asked) else {
                        break;
                    };
                    let Combined { decision, flags } = &round.answers[number];
                    let outcome = judge(event, stock, batch.policy.limits, *decision);
                    self.guess.learn(event, batch.group(n), stock, outcome);
                    decided.used.push(round.number(number));
                    decided.flags.extend(flags.iter().map(|&said| (n, said)));
                    outcome
                }
            };
            self.after.record(outcome);
            decided.outcomes[n as usize] = Some(outcome);
            self.next = self.next.saturating_add(1);
        }
        self.next.saturating_sub(start)
    }
}

impl Round<'_> {
    /// Over all rounds.
    fn number(&self, question: usize) -> u32 {
        let question = u32::try_from(question).expect("a batch has fewer than 2^32 questions");
        self.first.saturating_add(question)
    }
}

impl Batch<'_> {
    fn event(&self, n: u32) -> (&Event, Option<Refusal>) {
        (&self.events[n as usize], self.repeats[n as usize])
    }

    fn group(&self, n: u32) -> u32 {
        self.alike.get(n as usize).copied().unwrap_or_default()
    }
}

fn question(event: u32, stock: Stock) -> Question {
    Question {
        event,
        seen: stock.seen(),
    }
}
