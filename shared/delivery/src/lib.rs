//! How no event is lost: it is stored with the change that caused it, published until Kafka has acknowledged it, and
//! consumed until its effect is durable or its record is a dead letter.

pub mod consumer;
pub mod dead_letter;
pub mod outbox;
