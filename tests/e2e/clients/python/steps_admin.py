"""FluvioAdmin and what its calls take and give."""

import pathlib

from fluvio import (
    CommonCreateRequest,
    CompressionType,
    Fluvio,
    FluvioAdmin,
    FluvioConfig,
    PartitionMap,
)
from fluvio.topic import TopicMode, TopicSpec
from steps import check, step


@step("FluvioConfig.new", "FluvioConfig.disable_tls", "FluvioConfig.set_endpoint",
      "FluvioConfig.set_use_spu_local_address", "FluvioConfig.set_client_id",
      "FluvioConfig.unset_client_id", "Fluvio.connect_with_config",
      "FluvioAdmin.connect_with_config")
def configured_connection(world):
    config = FluvioConfig.new("127.0.0.1:1")
    config.disable_tls()
    config.set_endpoint(world.address)
    config.set_use_spu_local_address(True)
    config.set_client_id("calls")
    name = world.make_topic("configured")
    producer = Fluvio.connect_with_config(config).topic_producer(name)
    producer.send_string("through a configured connection").wait()
    config.unset_client_id()
    topics = [topic.name() for topic in FluvioAdmin.connect_with_config(config).all_topics()]
    check(name in topics, True)


@step("FluvioConfig.load", "Fluvio.connect", "FluvioAdmin.connect")
def connection_of_the_profile(world):
    name = world.make_topic("profile")
    check(name in [topic.name() for topic in FluvioAdmin.connect().all_topics()], True)
    # Kept: what a producer is still sending is lost when it is collected.
    first = Fluvio.connect().topic_producer(name)
    first.send_string("x").wait()
    second = Fluvio.connect_with_config(FluvioConfig.load()).topic_producer(name)
    second.send_string("y").wait()
    check(world.values(name, 2), ["x", "y"])


@step("FluvioConfig.set_anonymous_tls")
def anonymous_tls(world):
    config = FluvioConfig.new(world.address)
    config.set_anonymous_tls()
    Fluvio.connect_with_config(config)


@step("FluvioConfig.set_inline_tls")
def inline_tls(world):
    config = FluvioConfig.new(world.address)
    config.set_inline_tls("fluvio.local", "key", "certificate", "authority")
    Fluvio.connect_with_config(config)


@step("FluvioConfig.set_tls_file_paths")
def tls_files(world):
    config = FluvioConfig.new(world.address)
    config.set_tls_file_paths("fluvio.local", "/no/key", "/no/certificate", "/no/authority")
    Fluvio.connect_with_config(config)


@step("FluvioAdmin.create_topic", "FluvioAdmin.all_topics", "FluvioAdmin.list_topics",
      "FluvioAdmin.list_topics_with_params", "FluvioAdmin.list_partitions",
      "FluvioAdmin.delete_topic", "MetadataTopicSpec.name", "MetadataPartitionSpec.name")
def topic_life(world):
    name = world.name("life")
    world.admin.create_topic(name)
    other = world.make_topic("lives-too", 2)
    check({name, other} <= world.topics(), True)
    check([topic.name() for topic in world.admin.list_topics([name])], [name])
    summary = world.admin.list_topics_with_params([other], True)
    check([topic.name() for topic in summary], [other])
    partitions = [partition.name() for partition in world.admin.list_partitions([])]
    check({f"{name}-0", f"{other}-0", f"{other}-1"} <= set(partitions), True)
    world.admin.delete_topic(name)
    check(name in world.topics(), False)


@step("FluvioAdmin.create_topic_with_config", "CommonCreateRequest.new")
def create_with_config(world):
    name = world.name("request")
    spec = world.spec().build()
    dry = CommonCreateRequest.new(name, True, 10_000)
    world.admin.create_topic_with_config(name, dry, spec)
    check(name in world.topics(), False)
    wet = CommonCreateRequest.new(name, False, 10_000)
    world.admin.create_topic_with_config(name, wet, spec)
    check(name in world.topics(), True)


@step("TopicSpec.create", "TopicSpec.with_partitions",
      "TopicSpec.with_replications", "TopicSpec.with_ignore_rack",
      "TopicSpec.with_retention_time", "TopicSpec.with_segment_size",
      "TopicSpec.with_max_partition_size", "TopicSpec.build")
def topic_settings(world):
    name = world.name("settings")
    spec = (TopicSpec.create().with_partitions(3).with_replications(world.replicas)
            .with_ignore_rack(True).with_retention_time(3_600).with_segment_size("10M")
            .with_max_partition_size(50_000_000))
    world.admin.create_topic(name, spec.build())
    partitions = [partition.name() for partition in world.admin.list_partitions([])]
    check(f"{name}-2" in partitions, True)


@step("TopicSpec.with_retention_time of a text")
def retention_as_text(world):
    world.admin.create_topic(world.name("hour"), world.spec().with_retention_time("1h").build())


@step("TopicSpec.new")
def topic_spec_at_once(world):
    check(TopicSpec.new(3, world.replicas, True).partitions, 3)


@step("TopicSpec.with_compression")
def topic_compression(world):
    spec = TopicSpec.create().with_compression(CompressionType.GZIP).build()
    world.admin.create_topic(world.name("gzip"), spec)


@step("TopicSpec.as_system_topic")
def system_topic(world):
    name = world.name("system")
    world.admin.create_topic(name, TopicSpec.create().as_system_topic().build())
    check(name in world.topics(), False)


@step("TopicSpec.with_assignment", "PartitionMap.new")
def assigned_topic(world):
    name = world.name("assigned")
    replicas = [5001 + i for i in range(world.replicas)]
    rows = [PartitionMap.new(i, replicas)._inner for i in range(2)]
    spec = TopicSpec(mode=TopicMode.ASSIGNED).with_assignment(rows)
    world.admin.create_topic(name, spec.build())
    partitions = [partition.name() for partition in world.admin.list_partitions([])]
    check(f"{name}-1" in partitions, True)


@step("TopicSpec.as_mirror_topic")
def mirror_topic(world):
    name = world.name("mirror")
    world.admin.create_topic(name, TopicSpec.create().as_mirror_topic().build())
    check(name in world.topics(), True)


@step("FluvioAdmin.watch_topic", "MetaUpdateTopicSpec.all", "MetaUpdateTopicSpec.changes",
      "MetaUpdateTopicSpec.epoch", "MessageMetadataTopicSpec.is_update",
      "MessageMetadataTopicSpec.is_delete", "MessageMetadataTopicSpec.metadata_topic_spec")
def watch_topics(world):
    known = world.make_topic("watched-before")
    stream = world.admin.watch_topic()
    first = next(stream)
    check(known in [topic.name() for topic in first.all()], True)
    name = world.make_topic("watched")
    seen = []
    while not any(is_update and told == name for is_update, told in seen):
        update = next(stream)
        check(update.epoch() > 0, True)
        for change in update.changes():
            seen.append((change.is_update(), change.metadata_topic_spec().name()))
    world.admin.delete_topic(name)
    deleted = []
    while name not in deleted:
        deleted += [change.metadata_topic_spec().name() for change in next(stream).changes()
                    if change.is_delete()]


@step("FluvioAdmin.create_smartmodule", "FluvioAdmin.list_smartmodules",
      "FluvioAdmin.watch_smartmodule", "FluvioAdmin.delete_smartmodule", "SmartModuleSpec.new",
      "MetadataSmartModuleSpec.name", "MetaUpdateSmartModuleSpec.all",
      "MetaUpdateSmartModuleSpec.changes", "MetaUpdateSmartModuleSpec.epoch",
      "MessageMetadataSmartModuleSpec.is_update", "MessageMetadataSmartModuleSpec.is_delete",
      "MessageMetadataSmartModuleSpec.metadata_smart_module_spec")
def smartmodule_life(world):
    path = pathlib.Path(world.folder) / "module.wasm"
    path.write_bytes(b"\0asm\1\0\0\0")
    before, name = world.name("module-before"), world.name("module")
    world.admin.create_smartmodule(before, str(path), False)
    stream = world.admin.watch_smartmodule()
    check(before in [module.name() for module in next(stream).all()], True)
    world.admin.create_smartmodule(name, str(path), False)
    update = next(stream)
    check(update.epoch() > 0, True)
    check([(change.is_update(), change.metadata_smart_module_spec().name())
           for change in update.changes()], [(True, name)])
    names = [module.name() for module in world.admin.list_smartmodules([])]
    check({before, name} <= set(names), True)
    world.admin.delete_smartmodule(name)
    check([change.is_delete() for change in next(stream).changes()], [True])
    names = [module.name() for module in world.admin.list_smartmodules([])]
    check(name in names, False)
    path.unlink()
