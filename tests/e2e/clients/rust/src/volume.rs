//! Many numbered records: written with one codec, read with a limit of bytes per fetch.

use std::time::Duration;

use fluvio::consumer::ConsumerConfigExt;
use fluvio::{Compression, Fluvio, Isolation, Offset, RecordKey, TopicProducerConfigBuilder};
use futures_util::StreamExt;
use serde_json::json;

use crate::{say, Result};

/// `line N`, filled up to `size` bytes.
fn value(number: u64, size: usize) -> String {
    let line = format!("line {number}");
    let fill = size.saturating_sub(line.len());
    line + &".".repeat(fill)
}

/// TOPIC COUNT SIZE CODEC
pub async fn produce(fluvio: &Fluvio, args: &[String]) -> Result<()> {
    let (count, size): (u64, usize) = (args[1].parse()?, args[2].parse()?);
    let config = TopicProducerConfigBuilder::default()
        .compression(args[3].parse::<Compression>()?)
        .isolation(Isolation::ReadCommitted)
        .timeout(Duration::from_secs(20))
        .build()?;
    let producer = fluvio.topic_producer_with_config(args[0].as_str(), config).await?;
    for number in 0..count {
        producer.send(RecordKey::NULL, value(number, size)).await?;
    }
    producer.flush().await?;
    say(json!({"produced": count}));
    Ok(())
}

/// TOPIC COUNT SIZE MAX_BYTES: all records, in order, and the stream ends behind the last.
pub async fn consume(fluvio: &Fluvio, args: &[String]) -> Result<()> {
    let (count, size): (u64, usize) = (args[1].parse()?, args[2].parse()?);
    let config = ConsumerConfigExt::builder()
        .topic(args[0].as_str())
        .offset_start(Offset::beginning())
        .max_bytes(args[3].parse()?)
        .disable_continuous(true)
        .build()?;
    let mut stream = fluvio.consumer_with_config(config).await?;
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        let record = item.map_err(|code| format!("record {seen}: {code:?}"))?;
        if record.value() != value(seen, size).as_bytes() || record.offset() != seen as i64 {
            return Err(format!("another record at {seen}: offset {}", record.offset()).into());
        }
        seen += 1;
    }
    if seen != count {
        return Err(format!("{seen} records of {count}").into());
    }
    say(json!({"consumed": seen}));
    Ok(())
}
