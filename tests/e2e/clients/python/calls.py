"""Every call of the published Python client, checked; see ../README.md.

    calls.py surface
    calls.py HOST:PORT PREFIX REPLICAS FOLDER
"""

import inspect
import sys

import fluvio
import fluvio.specs
import steps
import steps_admin  # noqa: F401  (registers its steps)
import steps_data  # noqa: F401
import steps_errors  # noqa: F401

CLASSES = [
    fluvio.Fluvio,
    fluvio.FluvioAdmin,
    fluvio.FluvioConfig,
    fluvio.TopicSpec,
    fluvio.TopicProducer,
    fluvio.TopicProducerConfigBuilder,
    fluvio.ProduceOutput,
    fluvio.RecordMetadata,
    fluvio.PartitionConsumer,
    fluvio.MultiplePartitionConsumer,
    fluvio.PartitionSelectionStrategy,
    fluvio.ConsumerConfig,
    fluvio.ConsumerConfigExtBuilder,
    fluvio.ConsumerIterator,
    fluvio.Offset,
    fluvio.Record,
    fluvio.CommonCreateRequest,
    fluvio.PartitionMap,
    fluvio.SmartModuleSpec,
    fluvio.specs.MetadataTopicSpec,
    fluvio.specs.MetadataPartitionSpec,
    fluvio.specs.MetadataSmartModuleSpec,
    fluvio.specs.MetaUpdateTopicSpec,
    fluvio.specs.MetaUpdateSmartModuleSpec,
    fluvio.specs.MessageMetadataTopicSpec,
    fluvio.specs.MessageMetadataSmartModuleSpec,
]


def surface():
    """What the installed library offers, by introspection."""
    return [f"{kind.__name__}.{name}" for kind in CLASSES for name, value in vars(kind).items()
            if not name.startswith("_")
            and (inspect.isroutine(value) or isinstance(value, (classmethod, staticmethod)))]


def main():
    if sys.argv[1:] == ["surface"]:
        steps.say(surface=surface())
    else:
        steps.run(steps.World(*sys.argv[1:]))


main()
