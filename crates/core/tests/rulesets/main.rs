//! Rulesets in a real PostgreSQL, and replicas that follow them: what is refused is named and
//! changes nothing. They know no consumer; what verdicts do to stock is tested with it.

mod bundles;
mod world;

mod breaker;
mod changes;
mod floors;
mod folder;
mod following;
mod privileges;
mod refused;
