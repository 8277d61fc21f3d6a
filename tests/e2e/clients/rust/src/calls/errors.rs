//! What the client says of requests that the servers refuse.

use std::fmt::Display;

use fluvio::consumer::RetryMode;
use fluvio::metadata::customspu::{CustomSpuKey, CustomSpuSpec};
use fluvio::metadata::smartmodule::SmartModuleSpec;
use fluvio::metadata::spg::SpuGroupSpec;
use fluvio::metadata::tableformat::TableFormatSpec;
use fluvio::metadata::topic::{
    AddPartition, CleanupPolicy, CompressionAlgorithm, SegmentBasedPolicy, TopicSpec,
    TopicStorageConfig, UpdateTopicAction,
};
use fluvio::{
    Compression, DeliverySemantic, Offset, RecordKey, RetryPolicy, TopicProducerConfigBuilder,
};

use super::admin::custom_spu;
use super::{from_beginning, step, take, World};
use crate::Result;

pub async fn run(world: &World) {
    step(&["error: topic exists"], topic_exists(world)).await;
    step(&["error: bad name of a topic"], bad_name(world)).await;
    step(&["error: settings out of range"], out_of_range(world)).await;
    step(&["error: unknown topic"], unknown_topic(world)).await;
    step(&["error: unknown partition"], unknown_partition(world)).await;
    step(&["error: too few SPUs"], too_few_spus(world)).await;
    step(&["error: SPU exists"], spu_exists(world)).await;
    step(&["error: unknown object"], unknown_object(world)).await;
    step(&["error: record too large"], too_large(world)).await;
    step(&["error: compression against the topic's"], wrong_compression(world)).await;
    step(&["error: offset beyond the end"], beyond_the_end(world)).await;
    step(&["error: system topic"], system_topic(world)).await;
}

fn refused<T, E: Display>(text: &str, outcome: std::result::Result<T, E>) -> Result<()> {
    match outcome {
        Err(error) if error.to_string().contains(text) => Ok(()),
        Err(error) => Err(format!("refused with '{error}' instead of '{text}'").into()),
        Ok(_) => Err(format!("not refused with '{text}'").into()),
    }
}

async fn topic_exists(world: &World) -> Result<()> {
    let name = world.make_topic("exists", 1).await?;
    refused("already exists", world.admin.create(name, false, world.spec(1)).await)
}

async fn bad_name(world: &World) -> Result<()> {
    for name in ["Upper", "-dash", "under_score", &"x".repeat(64)] {
        refused("", world.admin.create(name.to_owned(), false, world.spec(1)).await)?;
    }
    Ok(())
}

async fn out_of_range(world: &World) -> Result<()> {
    let mut short = world.spec(1);
    short.set_cleanup_policy(CleanupPolicy::Segment(SegmentBasedPolicy { time_in_seconds: 1 }));
    let mut small = world.spec(1);
    small.set_storage(TopicStorageConfig { segment_size: Some(10), max_partition_size: None });
    let mut little = world.spec(1);
    little.set_storage(TopicStorageConfig { segment_size: None, max_partition_size: Some(10) });
    for (text, spec) in [("retention", short), ("segment_size", small),
                         ("max_partition_size", little), ("partition", world.spec(0))] {
        refused(text, world.admin.create(world.name("range"), false, spec).await)?;
    }
    Ok(())
}

async fn unknown_topic(world: &World) -> Result<()> {
    let name = world.name("nowhere");
    refused("not found", world.admin.delete::<TopicSpec>(name.clone()).await)?;
    let more = UpdateTopicAction::AddPartition(AddPartition { count: 1 });
    refused("not found", world.admin.update::<TopicSpec>(name.clone(), more).await)?;
    refused("", world.fluvio.topic_producer(name.clone()).await.map(|_| ()))?;
    let config = from_beginning(&name).retry_mode(RetryMode::Disabled).build()?;
    refused("", world.fluvio.consumer_with_config(config).await.map(|_| ()))
}

async fn unknown_partition(world: &World) -> Result<()> {
    let name = world.make_topic("small", 1).await?;
    let config = from_beginning(&name).partition(7).retry_mode(RetryMode::Disabled).build()?;
    refused("", world.fluvio.consumer_with_config(config).await.map(|_| ()))
}

async fn too_few_spus(world: &World) -> Result<()> {
    let spec = TopicSpec::new_computed(1, 9, None);
    refused("", world.admin.create(world.name("wide"), false, spec).await)
}

async fn spu_exists(world: &World) -> Result<()> {
    let twice = world.admin.create(world.name("twice"), false, custom_spu(5001)).await;
    refused("already", twice)
}

async fn unknown_object(world: &World) -> Result<()> {
    let name = world.name("nothing");
    let admin = &world.admin;
    refused("not found", admin.delete::<CustomSpuSpec>(CustomSpuKey::Name(name.clone())).await)?;
    refused("not found", admin.delete::<SpuGroupSpec>(name.clone()).await)?;
    refused("", admin.delete::<SmartModuleSpec>(name.clone()).await)?;
    refused("", admin.delete::<TableFormatSpec>(name).await)
}

async fn too_large(world: &World) -> Result<()> {
    let name = world.name("tiny");
    let mut spec = world.spec(1);
    spec.set_storage(TopicStorageConfig { segment_size: Some(2048), max_partition_size: None });
    world.admin.create(name.clone(), false, spec).await?;
    world.wait_until_known(&name).await?;
    let policy = RetryPolicy { max_retries: 0, ..Default::default() };
    let config = TopicProducerConfigBuilder::default()
        .batch_size(1_000_000)
        .delivery_semantic(DeliverySemantic::AtLeastOnce(policy))
        .build()?;
    let producer = world.fluvio.topic_producer_with_config(name, config).await?;
    let output = producer.send(RecordKey::NULL, "x".repeat(100_000)).await?;
    refused("", output.wait().await)
}

async fn wrong_compression(world: &World) -> Result<()> {
    let name = world.name("lz4");
    let mut spec = world.spec(1);
    spec.set_compression_type(CompressionAlgorithm::Lz4);
    world.admin.create(name.clone(), false, spec).await?;
    world.wait_until_known(&name).await?;
    let config = TopicProducerConfigBuilder::default().compression(Compression::Gzip).build()?;
    refused("", world.fluvio.topic_producer_with_config(name, config).await.map(|_| ()))
}

/// The client cuts an offset beyond the end down to the end.
async fn beyond_the_end(world: &World) -> Result<()> {
    let name = world.make_filled("beyond", 3, 1).await?;
    let config = from_beginning(&name)
        .offset_start(Offset::absolute(1_000)?)
        .retry_mode(RetryMode::Disabled)
        .build()?;
    let stream = world.fluvio.consumer_with_config(config).await?;
    refused("", take(stream, 1).await)
}

async fn system_topic(world: &World) -> Result<()> {
    refused("", world.admin.delete::<TopicSpec>("consumer-offset".to_owned()).await)
}
