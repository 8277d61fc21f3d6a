//! Producers and consumers with all their options.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluvio::consumer::RetryMode;
use fluvio::{
    Compression, ConsumerConfig, DeliverySemantic, Isolation, Offset, PartitionSelectionStrategy,
    ProduceCompletionBatchEvent, ProducerCallback, RecordKey, RetryPolicy, SmartModuleInvocation,
    SmartModuleInvocationWasm, TopicProducerConfigBuilder,
};
use fluvio::{Partitioner, PartitionerConfig};
use futures_util::future::BoxFuture;
use futures_util::StreamExt;

use super::{check, from_beginning, numbers, sorted, step, take, World, COUNT};
use crate::Result;

pub async fn run(world: &World) {
    step(
        &["Fluvio::topic_producer", "TopicProducer::send", "TopicProducer::send_all",
          "TopicProducer::flush", "TopicProducer::clear_errors", "TopicProducer::metrics",
          "TopicProducer::topic", "TopicProducer::config", "ProduceOutput::wait",
          "RecordMetadata::offset", "RecordMetadata::partition_id"],
        produce(world),
    )
    .await;
    step(
        &["Fluvio::topic_producer_with_config", "TopicProducerConfigBuilder::batch_size",
          "TopicProducerConfigBuilder::max_request_size",
          "TopicProducerConfigBuilder::batch_queue_size", "TopicProducerConfigBuilder::linger",
          "TopicProducerConfigBuilder::compression", "TopicProducerConfigBuilder::timeout",
          "TopicProducerConfigBuilder::isolation",
          "TopicProducerConfigBuilder::delivery_semantic"],
        produce_configured(world),
    )
    .await;
    step(
        &["TopicProducerConfigBuilder::set_specific_partitioner",
          "TopicProducerConfigBuilder::partitioner"],
        partitioners(world),
    )
    .await;
    step(&["TopicProducerConfigBuilder::callback"], callback(world)).await;
    step(&["TopicProducerConfigBuilder::smartmodules"], produce_filtered(world)).await;
    consumers(world).await;
}

async fn consumers(world: &World) {
    step(
        &["Fluvio::consumer_with_config", "ConsumerConfigExtBuilder::topic",
          "ConsumerConfigExtBuilder::offset_start", "Offset::beginning",
          "Offset::from_beginning", "Offset::absolute", "Offset::from_end", "Offset::end"],
        starts(world),
    )
    .await;
    step(
        &["ConsumerConfigExtBuilder::partition", "ConsumerConfigExtBuilder::disable_continuous",
          "ConsumerConfigExtBuilder::max_bytes", "ConsumerConfigExtBuilder::isolation",
          "ConsumerConfigExtBuilder::retry_mode"],
        consume_configured(world),
    )
    .await;
    step(&["ConsumerConfigExtBuilder::smartmodule"], consume_filtered(world)).await;
    step(
        &["Fluvio::partition_consumer", "PartitionConsumer::stream",
          "PartitionConsumer::stream_with_config",
          "PartitionConsumer::stream_batches_with_config"],
        partition_consumer(world),
    )
    .await;
    step(
        &["Fluvio::consumer", "MultiplePartitionConsumer::stream",
          "MultiplePartitionConsumer::stream_with_config", "PartitionSelectionStrategy::All",
          "PartitionSelectionStrategy::Multiple"],
        multiple_consumer(world),
    )
    .await;
}

async fn produce(world: &World) -> Result<()> {
    let name = world.make_topic("produce", 1).await?;
    let producer = world.fluvio.topic_producer(name.clone()).await?;
    let mut outputs = vec![producer.send("key", "0").await?];
    outputs.extend(producer.send_all([("a", "1"), ("b", "2")]).await?);
    producer.flush().await?;
    for (offset, output) in outputs.into_iter().enumerate() {
        let metadata = output.wait().await?;
        check((metadata.partition_id(), metadata.offset()), (0, offset as i64))?;
    }
    producer.clear_errors().await;
    producer.metrics();
    check(producer.topic(), name.as_str())?;
    check(producer.config().batch_size(), 16_384)?;
    check(world.values(&name, 3).await?, numbers(0, 3))
}

/// Every codec, isolation and delivery, with batches of several records.
async fn produce_configured(world: &World) -> Result<()> {
    let codecs = [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4,
                  Compression::Zstd];
    let deliveries = [DeliverySemantic::AtMostOnce,
                      DeliverySemantic::AtLeastOnce(RetryPolicy::default())];
    for codec in codecs {
        for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
            for delivery in deliveries {
                let once = delivery == DeliverySemantic::AtMostOnce;
                let what = format!("with-{codec}-{isolation:?}-{once}").to_lowercase();
                let name = world.make_topic(&what, 1).await?;
                let config = TopicProducerConfigBuilder::default()
                    .batch_size(1_000)
                    .max_request_size(100_000)
                    .batch_queue_size(10)
                    .linger(Duration::from_millis(5))
                    .compression(codec)
                    .timeout(Duration::from_secs(20))
                    .isolation(isolation)
                    .delivery_semantic(delivery)
                    .build()?;
                let producer = world.fluvio.topic_producer_with_config(name.clone(), config).await?;
                for value in numbers(0, COUNT) {
                    producer.send(RecordKey::NULL, value).await?;
                }
                producer.flush().await?;
                check(world.values(&name, COUNT).await?, numbers(0, COUNT))?;
            }
        }
    }
    Ok(())
}

struct Backwards;

impl Partitioner for Backwards {
    fn partition(&self, config: &PartitionerConfig, _: Option<&[u8]>, value: &[u8]) -> u32 {
        let number: u32 = String::from_utf8_lossy(value).parse().unwrap_or(0);
        config.partition_count - 1 - number % config.partition_count
    }
}

async fn partitioners(world: &World) -> Result<()> {
    let name = world.make_topic("specific", 3).await?;
    let mut builder = TopicProducerConfigBuilder::default();
    builder.set_specific_partitioner(2);
    let producer = world.fluvio.topic_producer_with_config(name, builder.build()?).await?;
    for value in numbers(0, COUNT) {
        let output = producer.send(value.clone(), value).await?;
        check(output.wait().await?.partition_id(), 2)?;
    }
    let name = world.make_topic("backwards", 3).await?;
    let config = TopicProducerConfigBuilder::default().partitioner(Arc::new(Backwards)).build()?;
    let producer = world.fluvio.topic_producer_with_config(name, config).await?;
    for (number, value) in numbers(0, COUNT).into_iter().enumerate() {
        let output = producer.send(RecordKey::NULL, value).await?;
        check(output.wait().await?.partition_id(), 2 - number as u32 % 3)?;
    }
    let name = world.make_topic("round-robin", 3).await?;
    let producer = world.fluvio.topic_producer(name).await?;
    // The client looks once a second which partitions are available, and goes round those.
    let mut partitions = BTreeSet::new();
    let begin = Instant::now();
    while partitions.len() < 3 && begin.elapsed() < Duration::from_secs(5) {
        let output = producer.send(RecordKey::NULL, "around").await?;
        partitions.insert(output.wait().await?.partition_id());
    }
    check(partitions.len(), 3)
}

struct Counter(AtomicU64);

impl ProducerCallback for Counter {
    fn finished(
        &self,
        item: ProduceCompletionBatchEvent,
    ) -> BoxFuture<'_, fluvio_anyhow::Result<()>> {
        self.0.fetch_add(item.records_len, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

async fn callback(world: &World) -> Result<()> {
    let name = world.make_topic("callback", 1).await?;
    let counter = Arc::new(Counter(AtomicU64::new(0)));
    let shared: fluvio::SharedProducerCallback = counter.clone();
    let config = TopicProducerConfigBuilder::default().callback(shared).build()?;
    let producer = world.fluvio.topic_producer_with_config(name, config).await?;
    for value in numbers(0, COUNT) {
        producer.send(RecordKey::NULL, value).await?;
    }
    producer.flush().await?;
    check(counter.0.load(Ordering::SeqCst), u64::from(COUNT))
}

fn module() -> SmartModuleInvocation {
    SmartModuleInvocation {
        wasm: SmartModuleInvocationWasm::AdHoc(b"compressed".to_vec()),
        ..Default::default()
    }
}

async fn produce_filtered(world: &World) -> Result<()> {
    let name = world.make_topic("produce-filtered", 1).await?;
    let config = TopicProducerConfigBuilder::default()
        .smartmodules(vec![module()])
        .delivery_semantic(DeliverySemantic::AtLeastOnce(RetryPolicy {
            max_retries: 0,
            ..Default::default()
        }))
        .build()?;
    let producer = world.fluvio.topic_producer_with_config(name, config).await?;
    let output = producer.send(RecordKey::NULL, "0").await?;
    producer.flush().await?;
    output.wait().await?;
    Ok(())
}

async fn consume_filtered(world: &World) -> Result<()> {
    let name = world.make_filled("consume-filtered", COUNT, 1).await?;
    let config = from_beginning(&name)
        .smartmodule(vec![module()])
        .retry_mode(RetryMode::Disabled)
        .build()?;
    let found = take(world.fluvio.consumer_with_config(config).await?, 1).await?;
    check(found, numbers(0, 1))
}

async fn starts(world: &World) -> Result<()> {
    let name = world.make_filled("starts", COUNT, 1).await?;
    let starts = [
        (Offset::beginning(), 0),
        (Offset::from_beginning(5), 5),
        (Offset::absolute(7)?, 7),
        (Offset::from_end(4), COUNT - 4),
    ];
    for (start, first) in starts {
        let config = from_beginning(&name).offset_start(start).build()?;
        let stream = world.fluvio.consumer_with_config(config).await?;
        check(take(stream, COUNT - first).await?, numbers(first, COUNT))?;
    }
    let config = from_beginning(&name).offset_start(Offset::end()).build()?;
    let stream = world.fluvio.consumer_with_config(config).await?;
    let producer = world.fluvio.topic_producer(name).await?;
    producer.send(RecordKey::NULL, "at the end").await?.wait().await?;
    check(take(stream, 1).await?, vec!["at the end".to_owned()])
}

async fn consume_configured(world: &World) -> Result<()> {
    let name = world.make_filled("configured", COUNT, 3).await?;
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        for retry in [RetryMode::Disabled, RetryMode::TryUntil(3), RetryMode::TryForever] {
            let config = from_beginning(&name)
                .partition(0)
                .partition(1)
                .partition(2)
                .disable_continuous(true)
                .max_bytes(100)
                .isolation(isolation)
                .retry_mode(retry)
                .build()?;
            let stream = world.fluvio.consumer_with_config(config).await?;
            check(sorted(take(stream, COUNT).await?), sorted(numbers(0, COUNT)))?;
        }
    }
    Ok(())
}

#[allow(deprecated)]
async fn partition_consumer(world: &World) -> Result<()> {
    let name = world.make_filled("partition-consumer", COUNT, 1).await?;
    let consumer = world.fluvio.partition_consumer(name, 0).await?;
    let stream = consumer.stream(Offset::beginning()).await?;
    check(take(stream, COUNT).await?, numbers(0, COUNT))?;
    let config = || ConsumerConfig::builder().disable_continuous(true).max_bytes(100).build();
    let stream = consumer.stream_with_config(Offset::absolute(3)?, config()?).await?;
    check(take(stream, COUNT).await?, numbers(3, COUNT))?;
    let mut batches = consumer.stream_batches_with_config(Offset::beginning(), config()?).await?;
    let mut records = 0;
    while let Some(batch) = batches.next().await {
        records += batch.map_err(|code| format!("{code:?}"))?.records().len();
    }
    check(records, COUNT as usize)
}

#[allow(deprecated)]
async fn multiple_consumer(world: &World) -> Result<()> {
    let one = world.make_filled("topic-one", COUNT, 3).await?;
    let two = world.make_filled("topic-two", 5, 1).await?;
    let all = world.fluvio.consumer(PartitionSelectionStrategy::All(one.clone())).await?;
    let stream = all.stream(Offset::beginning()).await?;
    check(sorted(take(stream, COUNT).await?), sorted(numbers(0, COUNT)))?;
    let selection = vec![(one.clone(), 0), (one.clone(), 1), (one, 2), (two, 0)];
    let several = world.fluvio.consumer(PartitionSelectionStrategy::Multiple(selection)).await?;
    let config = ConsumerConfig::builder().disable_continuous(true).build()?;
    let stream = several.stream_with_config(Offset::beginning(), config).await?;
    let expected = [numbers(0, COUNT), numbers(0, 5)].concat();
    check(sorted(take(stream, COUNT + 5).await?), sorted(expected))
}
