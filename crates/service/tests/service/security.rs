//! What a hostile or careless neighbour gets: nothing.

mod connections;
mod role;
mod secrets;
mod token;
