//! What fails again and again is said once, and then now and then. Does not know what fails.

use std::time::{Duration, Instant};

/// The same failure is said again after this.
const AGAIN: Duration = Duration::from_secs(60);

/// What was said last of one thing that is tried again and again.
#[derive(Default)]
pub(crate) struct Complaint(Option<Said>);

struct Said {
    why: String,
    at: Instant,
    /// How often it failed so, one time after the other.
    times: u32,
}

impl Complaint {
    /// Hears of each try why it failed, or that it did not, and says what is due.
    pub(crate) fn hear(&mut self, what: &str, why: Option<String>) {
        let Some(why) = why else {
            self.0 = None;
            return;
        };
        if let Some(times) = self.due(&why) {
            tracing::warn!(times, "{what}: {why}");
        }
    }

    /// How often it has failed so by now, if that is due to be said: a reason that is another one
    /// than the time before, and one that stays once a minute.
    pub(crate) fn due(&mut self, why: &str) -> Option<u32> {
        self.due_at(why, Instant::now())
    }

    fn due_at(&mut self, why: &str, now: Instant) -> Option<u32> {
        match &mut self.0 {
            Some(said) if said.why == why => {
                said.times += 1;
                let is_due = now.duration_since(said.at) >= AGAIN;
                if is_due {
                    said.at = now;
                }
                is_due.then_some(said.times)
            }
            _ => {
                self.0 = Some(Said {
                    why: why.to_owned(),
                    at: now,
                    times: 1,
                });
                Some(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_said_when_it_is_new_and_then_once_a_minute_with_how_often_it_came() {
        let (mut complaint, start) = (Complaint::default(), Instant::now());
        let mut said = |after_s, why| complaint.due_at(why, start + Duration::from_secs(after_s));
        assert_eq!(said(0, "full"), Some(1));
        assert_eq!(said(1, "full"), None);
        assert_eq!(said(2, "away"), Some(1));
        assert_eq!(said(61, "away"), None);
        assert_eq!(said(62, "away"), Some(3));
        assert_eq!(said(63, "away"), None);
        complaint.hear("it works", None);
        assert_eq!(complaint.due_at("away", start), Some(1));
    }
}
