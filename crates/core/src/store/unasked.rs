//! A store for unit tests of whoever holds one.

use std::fmt::Display;

use plimsoll_domain::{Limits, OnUnknownSku};

use super::*;
use crate::rules;

impl Store {
    /// Of a database that nobody asked, at this address.
    pub(crate) fn unasked(address: impl Display) -> Store {
        let database = database::Settings {
            url: format!("postgres://nobody@{address}/nothing"),
            relaxed: false,
        };
        let (watch, metrics) = (Arc::new(Watch::default()), Arc::new(Metrics::new()));
        let rules = Rules::new(&rules::Settings::default(), &database, "test", &metrics);
        Store {
            instance: "test".to_owned(),
            topic_id: 1,
            policy: Policy {
                unknown_sku: OnUnknownSku::Park,
                floor_default: 0,
                limits: Limits::default(),
            },
            id_window: Duration::from_secs(3_600),
            knowledge: Knowledge::default(),
            parts: Parts::unread(),
            source: Source {
                topic: "events".to_owned(),
                group: "group".to_owned(),
            },
            server: database.server(),
            metrics,
            traces: Arc::new(Traces::off()),
            watch,
            rules: rules.expect("this machine runs rules"),
            database,
        }
    }
}
