//! The consumer's queue, read as plain events. The safe client hides two things that this
//! crate lives on: the offset that an end-of-partition message carries, and the partition an
//! error belongs to. All `unsafe` of the crate is in this module.
#![expect(
    unsafe_code,
    reason = "librdkafka's event interface has no safe wrapper"
)]

mod topic;

use std::ffi::{CStr, CString, c_void};
use std::ptr::NonNull;
use std::time::Duration;

use plimsoll_wire::Headers;
use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaRespErr;

use super::Context;

pub(crate) use topic::{controller_id, topic_id};

/// A record as librdkafka holds it: valid while the callback runs.
pub(super) struct Delivered<'a> {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    pub(super) payload: &'a [u8],
    pub(super) headers: Option<Box<Headers>>,
}

/// What the queue holds, one at a time.
pub(super) enum Polled {
    /// A record was handed to the callback.
    Record,
    /// Nothing came in time.
    Nothing,
    /// The group gives these partitions.
    Assigned(Vec<i32>),
    /// The group takes these partitions.
    Revoked(Vec<i32>),
    /// Every record of the partition below `next_offset` was handed over before.
    End { partition: i32, next_offset: i64 },
    /// The stored offset of the partition is outside its log.
    OutOfRange(i32),
    /// Anything else that went wrong, as librdkafka names it; it repairs itself unless fatal.
    Fault { text: String, fatal: bool },
    /// An event of no interest here.
    Other,
}

/// The queue of one consumer. Used by the polling thread alone.
pub(super) struct Queue<'a> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    consumer: &'a BaseConsumer<Context>,
}

impl<'a> Queue<'a> {
    pub(super) fn of(consumer: &'a BaseConsumer<Context>) -> Queue<'a> {
        // SAFETY: the client lives as long as `consumer`, which is borrowed for `'a`.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        Queue {
            queue: NonNull::new(queue).expect("a consumer with a group has a queue"),
            consumer,
        }
    }

    /// Waits at most `timeout` for one event.
    pub(super) fn poll(&self, timeout: Duration, record: &mut dyn FnMut(Delivered<'_>)) -> Polled {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive; the event is owned by `Event`, which destroys it.
        let Some(event) =
            Event::new(unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), timeout_ms) })
        else {
            return Polled::Nothing;
        };
        match event.kind() {
            sys::RD_KAFKA_EVENT_FETCH => event.records(record),
            sys::RD_KAFKA_EVENT_REBALANCE => event.rebalance(),
            sys::RD_KAFKA_EVENT_ERROR => event.error(),
            _ => Polled::Other,
        }
    }

    /// Lowest and next offset of a partition as last seen in a fetch, without asking the broker.
    pub(super) fn watermarks_seen(&self, topic: &CString, partition: i32) -> Option<(i64, i64)> {
        let (mut low, mut high) = (0, 0);
        let client = self.consumer.client().native_ptr();
        // SAFETY: all pointers live through the call.
        let err = unsafe {
            sys::rd_kafka_get_watermark_offsets(
                client,
                topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (err == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && low >= 0 && high >= 0)
            .then_some((low, high))
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference was taken in `of` and is given back once.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

struct Event(NonNull<sys::rd_kafka_event_t>);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned since `rd_kafka_queue_poll`.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}

impl Event {
    fn new(event: *mut sys::rd_kafka_event_t) -> Option<Event> {
        NonNull::new(event).map(Event)
    }

    fn kind(&self) -> i32 {
        // SAFETY: the event is alive.
        unsafe { sys::rd_kafka_event_type(self.0.as_ptr()) }
    }

    fn code(&self) -> RDKafkaRespErr {
        // SAFETY: the event is alive.
        unsafe { sys::rd_kafka_event_error(self.0.as_ptr()) }
    }

    fn records(&self, record: &mut dyn FnMut(Delivered<'_>)) -> Polled {
        let mut polled = Polled::Other;
        // SAFETY: messages are owned by the event and outlive the callback.
        while let Some(message) =
            unsafe { sys::rd_kafka_event_message_next(self.0.as_ptr()).as_ref() }
        {
            record(delivered(message));
            polled = Polled::Record;
        }
        polled
    }

    fn rebalance(&self) -> Polled {
        // SAFETY: the list is owned by the event, which is alive.
        let partitions = unsafe {
            sys::rd_kafka_event_topic_partition_list(self.0.as_ptr())
                .as_ref()
                .map_or_else(Vec::new, |list| {
                    let count = usize::try_from(list.cnt).unwrap_or(0);
                    if count == 0 {
                        Vec::new()
                    } else {
                        std::slice::from_raw_parts(list.elems, count)
                            .iter()
                            .map(|e| e.partition)
                            .collect()
                    }
                })
        };
        match self.code() {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Polled::Assigned(partitions),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => Polled::Revoked(partitions),
            _ => Polled::Fault {
                text: self.text(),
                fatal: false,
            },
        }
    }

    fn error(&self) -> Polled {
        match (self.code(), self.place()) {
            (RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF, Some((partition, next_offset))) => {
                Polled::End {
                    partition,
                    next_offset,
                }
            }
            (
                RDKafkaRespErr::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
                | RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
                | RDKafkaRespErr::RD_KAFKA_RESP_ERR__LOG_TRUNCATION,
                Some((partition, _)),
            ) => Polled::OutOfRange(partition),
            // SAFETY: the event is alive.
            _ => Polled::Fault {
                text: self.text(),
                fatal: unsafe { sys::rd_kafka_event_error_is_fatal(self.0.as_ptr()) } != 0,
            },
        }
    }

    /// Partition and offset of an error, where it has them.
    fn place(&self) -> Option<(i32, i64)> {
        // SAFETY: the returned copy is ours and destroyed after reading.
        unsafe {
            let place = NonNull::new(sys::rd_kafka_event_topic_partition(self.0.as_ptr()))?;
            let read = (place.as_ref().partition, place.as_ref().offset);
            sys::rd_kafka_topic_partition_destroy(place.as_ptr());
            Some(read)
        }
    }

    fn text(&self) -> String {
        // SAFETY: the text is owned by the event, which is alive.
        unsafe {
            let text = sys::rd_kafka_event_error_string(self.0.as_ptr());
            if text.is_null() {
                format!("{:?}", self.code())
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        }
    }
}

/// The last second of the year 9999. A producer's clock may say anything, and neither PostgreSQL
/// nor those who read it there know later times.
const TIMESTAMP_MS_MAX: i64 = 253_402_300_799_000;

fn delivered(message: &sys::rd_kafka_message_t) -> Delivered<'_> {
    let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is alive; payload and length belong together.
    let (timestamp_ms, payload) = unsafe {
        let payload = if message.payload.is_null() {
            &[][..]
        } else {
            std::slice::from_raw_parts(message.payload.cast::<u8>(), message.len)
        };
        (
            sys::rd_kafka_message_timestamp(message, &raw mut kind),
            payload,
        )
    };
    Delivered {
        partition: message.partition,
        offset: message.offset,
        timestamp_ms: timestamp_ms.clamp(0, TIMESTAMP_MS_MAX),
        payload,
        headers: headers(message),
    }
}

fn headers(message: &sys::rd_kafka_message_t) -> Option<Box<Headers>> {
    let mut list = std::ptr::null_mut();
    // SAFETY: the list is owned by the message; names and values live as long as it.
    unsafe {
        if sys::rd_kafka_message_headers(message, &raw mut list)
            != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            return None;
        }
        let mut headers = Box::<Headers>::default();
        for index in 0..sys::rd_kafka_header_cnt(list) {
            let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null::<c_void>(), 0);
            if sys::rd_kafka_header_get_all(
                list,
                index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            ) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                break;
            }
            let value =
                (!value.is_null()).then(|| std::slice::from_raw_parts(value.cast::<u8>(), size));
            headers.add(CStr::from_ptr(name).to_bytes(), value);
        }
        Some(headers)
    }
}
