#include "core/wire/own_api.h"

#include "core/wire/own_api_fields.h"

#include <utility>

namespace weir::wire {

namespace {

template <typename T>
Result<T> decode(Reader& reader, Version version) {
    detail::Decoder decoder(reader, version);
    T value;
    decoder(value);
    return decoder.finish(std::move(value));
}

template <typename T>
void encode_fields(Writer& writer, const T& value, Version version) {
    detail::Encoder encoder(writer, version);
    encoder(value);
}

}  // namespace

std::optional<OwnApi> own_api_from_key(std::uint16_t key) {
    const auto api = static_cast<OwnApi>(key);
    return to_string(api) == "unknown" ? std::nullopt : std::optional(api);
}

std::string_view to_string(OwnApi api) {
    switch (api) {
        case OwnApi::operate: return "Operate";
        case OwnApi::create_topic: return "CreateTopic";
        case OwnApi::alter_topic: return "AlterTopic";
        case OwnApi::describe_cluster: return "DescribeCluster";
        case OwnApi::begin_producer: return "BeginProducer";
    }
    return "unknown";
}

Result<TopicSettings> decode_topic_settings(Reader& reader, Version version) {
    return decode<TopicSettings>(reader, version);
}

void encode(Writer& writer, const TopicSettings& value, Version version) {
    encode_fields(writer, value, version);
}

Result<CreateTopic> decode_create_topic(Reader& reader, Version version) {
    return decode<CreateTopic>(reader, version);
}

void encode(Writer& writer, const CreateTopic& value, Version version) {
    encode_fields(writer, value, version);
}

Result<AlterTopic> decode_alter_topic(Reader& reader, Version version) {
    return decode<AlterTopic>(reader, version);
}

void encode(Writer& writer, const AlterTopic& value, Version version) {
    encode_fields(writer, value, version);
}

Result<DescribeCluster> decode_describe_cluster(Reader& reader, Version version) {
    return decode<DescribeCluster>(reader, version);
}

void encode(Writer& writer, const DescribeCluster& value, Version version) {
    encode_fields(writer, value, version);
}

Result<ClusterDescription> decode_cluster_description(Reader& reader, Version version) {
    return decode<ClusterDescription>(reader, version);
}

void encode(Writer& writer, const ClusterDescription& value, Version version) {
    encode_fields(writer, value, version);
}

Result<BeginProducer> decode_begin_producer(Reader& reader, Version version) {
    return decode<BeginProducer>(reader, version);
}

void encode(Writer& writer, const BeginProducer& value, Version version) {
    encode_fields(writer, value, version);
}

Result<ProducerBegun> decode_producer_begun(Reader& reader, Version version) {
    WEIR_TRY(const ProducerBegun begun, decode<ProducerBegun>(reader, version));
    if (begun.producer_id < 0) {
        return fail(ErrorCode::malformed, "a producer id below 0");
    }
    return begun;
}

void encode(Writer& writer, const ProducerBegun& value, Version version) {
    encode_fields(writer, value, version);
}

Result<Operate> decode_operate(Reader& reader, Version version) {
    return decode<Operate>(reader, version);
}

void encode(Writer& writer, const Operate& value, Version version) {
    encode_fields(writer, value, version);
}

Result<Operated> decode_operated(Reader& reader, Version version) {
    return decode<Operated>(reader, version);
}

void encode(Writer& writer, const Operated& value, Version version) {
    encode_fields(writer, value, version);
}

}  // namespace weir::wire
