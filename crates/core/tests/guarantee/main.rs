//! The consumer against a real PostgreSQL and a broker: each test is one sentence of the guarantee,
//! or one fault that must not break it. They see the consumer as an operator does, through its
//! settings, the tables of the contract and the metrics; the simulation looks inside.

mod world;

mod adoption;
mod breaker;
mod drain;
mod holds;
mod lost_answers;
mod oracle;
mod outages;
mod outcomes;
mod outside_hands;
mod ownership;
mod parts;
mod positions;
mod privileges;
mod repeats;
mod reproof;
mod retention;
mod rule_modes;
mod rules;
mod seen;
mod stale;
mod storm;
mod timelines;
mod unknown_skus;
