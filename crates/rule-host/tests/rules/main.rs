//! Rules as strangers ship them: made, verified, activated, asked. Bad ones, written by
//! mistake or with intent, are refused, or harm nothing but their own event.

mod answers;
mod faults;
mod hostile;
mod made;
mod refused;
mod rulesets;
mod support;
mod trial;
