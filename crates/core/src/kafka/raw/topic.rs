//! Kafka's own id of a topic: a topic that was deleted and made again has another one, even
//! if it has grown past our position since.

use std::ffi::{CStr, CString};
use std::ptr::{NonNull, null};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaRespErr;

use super::{Context, Event};

/// A broker that does not answer within this time is asked again later.
const ANSWER_LIMIT_MS: i32 = 5_000;

/// The broker that `topic_id` asks; -1 where none is known. Does not block.
pub(crate) fn controller_id(consumer: &BaseConsumer<Context>) -> i32 {
    // SAFETY: the client outlives the call.
    unsafe { sys::rd_kafka_controllerid(consumer.client().native_ptr(), 0) }
}

/// The id, as Kafka's tools print it; `None` where the broker gives none or does not answer.
/// Blocks.
pub(crate) fn topic_id(consumer: &BaseConsumer<Context>, topic: &str) -> Option<String> {
    let name = CString::new(topic).ok()?;
    let client = consumer.client().native_ptr();
    let mut names = [name.as_ptr()];
    // SAFETY: the client outlives the call; queue, collection and event are destroyed here, the
    // event last of those that it owns.
    unsafe {
        let queue = NonNull::new(sys::rd_kafka_queue_new(client))?;
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), 1);
        sys::rd_kafka_DescribeTopics(client, topics, null(), queue.as_ptr());
        let event = Event::new(sys::rd_kafka_queue_poll(queue.as_ptr(), ANSWER_LIMIT_MS));
        let id = event.and_then(|event| described(&event));
        sys::rd_kafka_TopicCollection_destroy(topics);
        sys::rd_kafka_queue_destroy(queue.as_ptr());
        id
    }
}

fn described(event: &Event) -> Option<String> {
    if event.kind() != sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT
        || event.code() != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
    {
        return None;
    }
    // SAFETY: everything read here is owned by the event, which is alive.
    unsafe {
        let result =
            NonNull::new(sys::rd_kafka_event_DescribeTopics_result(event.0.as_ptr()).cast_mut())?;
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result.as_ptr(), &raw mut count);
        let topic = if count == 0 { return None } else { *topics };
        let id = NonNull::new(sys::rd_kafka_TopicDescription_topic_id(topic).cast_mut())?;
        let text = NonNull::new(sys::rd_kafka_Uuid_base64str(id.as_ptr()).cast_mut())?;
        let text = CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned();
        // All zeros: a broker too old to give ids.
        (!text.is_empty() && !text.starts_with("AAAAAAAAAAAAAAAAAAAAAA")).then_some(text)
    }
}
