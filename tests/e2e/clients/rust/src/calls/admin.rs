//! Connections and FluvioAdmin, over every kind of object.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use fluvio::dataplane::core::{Decoder, Encoder};
use fluvio::metadata::customspu::{CustomSpuKey, CustomSpuSpec};
use fluvio::metadata::objects::{CommonCreateRequest, ListRequest, Metadata};
use fluvio::metadata::partition::PartitionSpec;
use fluvio::metadata::smartmodule::{SmartModuleSpec, SmartModuleWasm};
use fluvio::metadata::spg::SpuGroupSpec;
use fluvio::metadata::spu::SpuSpec;
use fluvio::metadata::tableformat::TableFormatSpec;
use fluvio::metadata::topic::{
    AddPartition, CleanupPolicy, CompressionAlgorithm, PartitionMap, SegmentBasedPolicy, TopicSpec,
    TopicStorageConfig, UpdateTopicAction,
};
use fluvio::metadata::AdminSpec;
use fluvio::{Fluvio, FluvioAdmin, Offset, RecordKey};
use fluvio_sc_schema::mirror::{MirrorSpec, MirrorType, Remote};
use fluvio_sc_schema::{CreatableAdminSpec, DeletableAdminSpec};
use futures_util::StreamExt;

use super::{check, numbers, step, take, World};
use crate::Result;

pub async fn run(world: &World) {
    step(
        &["Fluvio::connect_with_config", "Fluvio::admin", "FluvioAdmin::connect_with_config",
          "Fluvio::platform_version", "Fluvio::metrics"],
        connection(world),
    )
    .await;
    step(
        &["Fluvio::connect", "Fluvio::connect_with_profile", "FluvioAdmin::connect",
          "fluvio::producer", "fluvio::consumer"],
        profile(world),
    )
    .await;
    topics(world).await;
    objects(world).await;
}

async fn topics(world: &World) {
    step(
        &["FluvioAdmin::create<TopicSpec>", "FluvioAdmin::all<TopicSpec>",
          "FluvioAdmin::list<TopicSpec>", "FluvioAdmin::list_with_params<TopicSpec>",
          "FluvioAdmin::delete<TopicSpec>"],
        object_life(world, "topic", world.spec(2)),
    )
    .await;
    step(&["FluvioAdmin::watch<TopicSpec>"], watched(world, "topic", world.spec(1))).await;
    step(&["FluvioAdmin::create_with_config<TopicSpec>"], dry_run(world)).await;
    step(&["TopicSpec::new_assigned"], assigned(world)).await;
    step(
        &["TopicSpec::set_cleanup_policy", "TopicSpec::set_storage",
          "TopicSpec::set_compression_type"],
        settings(world),
    )
    .await;
    step(&["FluvioAdmin::update<TopicSpec> AddPartition"], add_partition(world)).await;
    step(
        &["FluvioAdmin::list_with_config<TopicSpec>", "TopicSpec::set_system",
          "FluvioAdmin::force_delete<TopicSpec>"],
        system_topic(world),
    )
    .await;
}

async fn objects(world: &World) {
    step(
        &["FluvioAdmin::all<PartitionSpec>", "FluvioAdmin::list<PartitionSpec>",
          "FluvioAdmin::watch<PartitionSpec>"],
        partitions(world),
    )
    .await;
    step(&["FluvioAdmin::all<SpuSpec>", "FluvioAdmin::watch<SpuSpec>"], spus(world)).await;
    step(
        &["FluvioAdmin::create<CustomSpuSpec>", "FluvioAdmin::all<CustomSpuSpec>",
          "FluvioAdmin::list<CustomSpuSpec>", "FluvioAdmin::delete<CustomSpuSpec>"],
        custom_spus(world),
    )
    .await;
    let group = SpuGroupSpec { replicas: 1, min_id: 100, ..Default::default() };
    step(
        &["FluvioAdmin::create<SpuGroupSpec>", "FluvioAdmin::all<SpuGroupSpec>",
          "FluvioAdmin::list<SpuGroupSpec>", "FluvioAdmin::delete<SpuGroupSpec>"],
        object_life(world, "group", group.clone()),
    )
    .await;
    step(&["FluvioAdmin::watch<SpuGroupSpec>"], watched(world, "group", group)).await;
    let module = SmartModuleSpec {
        wasm: SmartModuleWasm::from_compressed_gzip(b"compressed".to_vec()),
        ..Default::default()
    };
    step(
        &["FluvioAdmin::create<SmartModuleSpec>", "FluvioAdmin::all<SmartModuleSpec>",
          "FluvioAdmin::list<SmartModuleSpec>", "FluvioAdmin::delete<SmartModuleSpec>"],
        object_life(world, "module", module.clone()),
    )
    .await;
    step(&["FluvioAdmin::watch<SmartModuleSpec>"], watched(world, "module", module)).await;
    let format = TableFormatSpec { name: world.name("format"), ..Default::default() };
    step(
        &["FluvioAdmin::create<TableFormatSpec>", "FluvioAdmin::all<TableFormatSpec>",
          "FluvioAdmin::list<TableFormatSpec>", "FluvioAdmin::delete<TableFormatSpec>"],
        object_life(world, "format", format.clone()),
    )
    .await;
    step(&["FluvioAdmin::watch<TableFormatSpec>"], watched(world, "format", format)).await;
    let remote = Remote { id: world.name("remote") };
    let mirror = MirrorSpec { mirror_type: MirrorType::Remote(remote) };
    step(
        &["FluvioAdmin::create<MirrorSpec>", "FluvioAdmin::all<MirrorSpec>",
          "FluvioAdmin::list<MirrorSpec>", "FluvioAdmin::delete<MirrorSpec>"],
        object_life(world, "remote", mirror.clone()),
    )
    .await;
    step(&["FluvioAdmin::watch<MirrorSpec>"], watched(world, "remote", mirror)).await;
}

async fn connection(world: &World) -> Result<()> {
    let name = world.make_topic("connection", 1).await?;
    let listed = world.fluvio.admin().await.all::<TopicSpec>().await?;
    check(listed.iter().any(|topic| topic.name == name), true)?;
    check(world.fluvio.platform_version().to_string().is_empty(), false)?;
    world.fluvio.metrics();
    Ok(())
}

#[allow(deprecated)]
async fn profile(world: &World) -> Result<()> {
    let name = world.make_topic("profile", 1).await?;
    fluvio::producer(name.clone()).await?.send(RecordKey::NULL, "0").await?.wait().await?;
    let fluvio = Fluvio::connect().await?;
    fluvio.topic_producer(name.clone()).await?.send(RecordKey::NULL, "1").await?.wait().await?;
    Fluvio::connect_with_profile("local").await?;
    check(FluvioAdmin::connect().await?.all::<TopicSpec>().await?.is_empty(), false)?;
    let consumer = fluvio::consumer(name, 0).await?;
    check(take(consumer.stream(Offset::beginning()).await?, 2).await?, numbers(0, 2))
}

fn names<S>(listed: Vec<Metadata<S>>) -> Vec<String>
where
    S: AdminSpec,
    S::Status: Encoder + Decoder + Debug,
{
    listed.into_iter().map(|object| object.name).collect()
}

/// A watch of its own connection sees what is created.
async fn watched<S>(world: &World, what: &str, spec: S) -> Result<()>
where
    S: AdminSpec + CreatableAdminSpec + DeletableAdminSpec + Debug + Sync + Send,
    S::Status: Encoder + Decoder + Debug + Send + Sync,
    S::DeleteKey: From<String>,
{
    let name = world.name(&format!("{what}-watched"));
    let admin = FluvioAdmin::connect_with_config(&world.config).await?;
    let mut watch = admin.watch::<S>().await?;
    let first = watch.next().await.ok_or("no first watch answer")??;
    check(names(first.inner().all).contains(&name), false)?;
    world.admin.create(name.clone(), false, spec).await?;
    let mut is_seen = false;
    while !is_seen {
        let update = watch.next().await.ok_or("the watch ended")??.inner();
        is_seen = update.changes.iter().any(|change| change.content.name == name);
    }
    world.admin.delete::<S>(S::DeleteKey::from(name)).await?;
    Ok(())
}

/// Created, listed in each way, and deleted.
async fn object_life<S>(world: &World, what: &str, spec: S) -> Result<()>
where
    S: AdminSpec + CreatableAdminSpec + DeletableAdminSpec + Debug + Sync + Send,
    S::Status: Encoder + Decoder + Debug + Send + Sync,
    S::DeleteKey: From<String>,
{
    let admin = &world.admin;
    let name = world.name(what);
    admin.create(name.clone(), false, spec).await?;
    check(names(admin.all::<S>().await?).contains(&name), true)?;
    check(names(admin.list::<S, _>(vec![name.clone()]).await?).contains(&name), true)?;
    let summary = admin.list_with_params::<S, String>(vec![name.clone()], true).await?;
    check(names(summary).contains(&name), true)?;
    admin.delete::<S>(S::DeleteKey::from(name.clone())).await?;
    check(names(admin.all::<S>().await?).contains(&name), false)
}

async fn dry_run(world: &World) -> Result<()> {
    let name = world.name("request");
    let mut request =
        CommonCreateRequest { name: name.clone(), dry_run: true, timeout: Some(10_000) };
    world.admin.create_with_config(request.clone(), world.spec(1)).await?;
    check(world.topics().await?.contains(&name), false)?;
    request.dry_run = false;
    world.admin.create_with_config(request, world.spec(1)).await?;
    check(world.topics().await?.contains(&name), true)
}

async fn assigned(world: &World) -> Result<()> {
    let name = world.name("assigned");
    let replicas: Vec<i32> = (0..world.replicas as i32).map(|i| 5001 + i).collect();
    let rows = (0..2).map(|id| PartitionMap { id, replicas: replicas.clone(), mirror: None });
    let spec = TopicSpec::new_assigned(rows.collect::<Vec<_>>());
    world.admin.create(name.clone(), false, spec).await?;
    let listed = world.admin.all::<PartitionSpec>().await?;
    let placed = listed.iter().find(|partition| partition.name == format!("{name}-1"));
    check(placed.map(|partition| partition.spec.replicas.clone()), Some(replicas))
}

async fn settings(world: &World) -> Result<()> {
    let name = world.name("settings");
    let mut spec = world.spec(1);
    spec.set_cleanup_policy(CleanupPolicy::Segment(SegmentBasedPolicy { time_in_seconds: 3600 }));
    spec.set_storage(TopicStorageConfig {
        segment_size: Some(10_000_000),
        max_partition_size: Some(50_000_000),
    });
    spec.set_compression_type(CompressionAlgorithm::Gzip);
    world.admin.create(name.clone(), false, spec).await?;
    let listed = world.admin.list::<TopicSpec, _>(vec![name]).await?;
    let found = &listed.first().ok_or("not listed")?.spec;
    check(found.retention_secs(), 3600)?;
    let storage = found.get_storage().ok_or("no storage settings")?;
    check(storage.segment_size, Some(10_000_000))?;
    check(storage.max_partition_size, Some(50_000_000))?;
    check(found.get_compression_type().clone(), CompressionAlgorithm::Gzip)
}

async fn add_partition(world: &World) -> Result<()> {
    let name = world.make_topic("grows", 1).await?;
    let producer = world.fluvio.topic_producer(name.clone()).await?;
    producer.send(RecordKey::NULL, "before").await?.wait().await?;
    let more = UpdateTopicAction::AddPartition(AddPartition { count: 2 });
    world.admin.update::<TopicSpec>(name.clone(), more).await?;
    // A producer that is connected writes to the new ones, too, as soon as it has looked.
    let added = Instant::now();
    let mut partitions = BTreeSet::new();
    while partitions.len() < 3 && added.elapsed() < Duration::from_secs(2) {
        let output = producer.send(RecordKey::NULL, "after").await?;
        partitions.insert(output.wait().await?.partition_id());
    }
    check(partitions.len(), 3)?;
    let listed = names(world.admin.all::<PartitionSpec>().await?);
    check(listed.iter().filter(|key| key.starts_with(&format!("{name}-"))).count(), 3)
}

async fn system_topic(world: &World) -> Result<()> {
    let name = world.name("system");
    let mut spec = world.spec(1);
    spec.set_system(true);
    world.admin.create(name.clone(), false, spec).await?;
    check(world.topics().await?.contains(&name), false)?;
    let request = || ListRequest::<TopicSpec>::new(Vec::new(), false).system(true);
    let listed = world.admin.list_with_config::<TopicSpec, String>(request()).await?;
    check(names(listed).contains(&name), true)?;
    check(world.admin.delete::<TopicSpec>(name.clone()).await.is_err(), true)?;
    world.admin.force_delete::<TopicSpec>(name.clone()).await?;
    let listed = world.admin.list_with_config::<TopicSpec, String>(request()).await?;
    check(names(listed).contains(&name), false)
}

async fn partitions(world: &World) -> Result<()> {
    let admin = &world.admin;
    let mut watch = admin.watch::<PartitionSpec>().await?;
    watch.next().await.ok_or("no first watch answer")??;
    let key = format!("{}-0", world.make_topic("partition", 1).await?);
    let mut is_seen = false;
    while !is_seen {
        let update = watch.next().await.ok_or("the watch ended")??.inner();
        is_seen = update.changes.iter().any(|change| change.content.name == key);
    }
    let listed = admin.all::<PartitionSpec>().await?;
    let found = listed.iter().find(|partition| partition.name == key).ok_or("not listed")?;
    check(found.spec.replicas.len(), world.replicas as usize)?;
    check(names(admin.list::<PartitionSpec, _>(vec![key.clone()]).await?).contains(&key), true)
}

async fn spus(world: &World) -> Result<()> {
    let listed = names(world.admin.all::<SpuSpec>().await?);
    check(listed.contains(&"custom-spu-5001".to_owned()), true)?;
    let mut watch = world.admin.watch::<SpuSpec>().await?;
    let first = watch.next().await.ok_or("no first watch answer")??.inner();
    check(names(first.all).contains(&"custom-spu-5001".to_owned()), true)
}

/// The types of its endpoints are not exported; their defaults are what this test needs.
pub fn custom_spu(id: i32) -> CustomSpuSpec {
    let mut spec = CustomSpuSpec { id, ..Default::default() };
    spec.public_endpoint.port = 19005;
    spec.private_endpoint.port = 19006;
    spec.private_endpoint.host = "127.0.0.1".to_owned();
    spec
}

async fn custom_spus(world: &World) -> Result<()> {
    let admin = &world.admin;
    let name = world.name("spu");
    for (id, key) in [(7001, CustomSpuKey::Id(7001)), (7002, CustomSpuKey::Name(name.clone()))] {
        admin.create(name.clone(), false, custom_spu(id)).await?;
        check(names(admin.all::<CustomSpuSpec>().await?).contains(&name), true)?;
        let found = admin.list::<CustomSpuSpec, _>(vec![name.clone()]).await?;
        check(names(found), vec![name.clone()])?;
        admin.delete::<CustomSpuSpec>(key).await?;
        check(names(admin.all::<CustomSpuSpec>().await?).contains(&name), false)?;
    }
    Ok(())
}
