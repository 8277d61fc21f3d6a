#include "core/wire/control_plane.h"

#include "core/wire/object_fields.h"

#include <fmt/core.h>

namespace weir::wire {

namespace detail {

template <>
inline constexpr std::uint8_t kEnumCount<ChangeKind> = 2;

template <typename A>
void fields(A& a, FieldsOf<A, Status>& v) {
    a(v.name, v.error, v.message);
}

template <typename A, typename C>
    requires requires(C& c) {
        c.kind;
        c.object;
    }
void fields(A& a, C& v) {
    a(v.kind, v.object);
}

template <typename A, typename U>
    requires requires(U& u) {
        u.epoch;
        u.changes;
        u.all;
    }
void fields(A& a, U& v) {
    a(v.epoch, v.changes, v.all);
}

template <typename A>
void fields(A& a, FieldsOf<A, AddPartition>& v) {
    a(v.count);
}

template <typename A>
void fields(A& a, FieldsOf<A, AddMirror>& v) {
    a(v.remote_cluster, v.home_to_remote);
}

template <typename A>
void fields(A& a, FieldsOf<A, UpdateTopic>& v) {
    a(v.name, v.action);
}

template <typename A>
void fields(A& a, FieldsOf<A, MirroringTopic>& v) {
    a(v.key, v.spec, v.spu_id, v.spu_key, v.spu_endpoint);
}

template <typename A>
void fields(A& a, FieldsOf<A, MirroringResponse>& v) {
    a(v.name, v.error, v.message, v.topics);
}

}  // namespace detail

namespace {

using detail::Decoder;
using detail::Encoder;

constexpr std::string_view kMirroringLabel = "MirroringConnect";

struct Envelope {
    std::string label;
    // Views the frame.
    ByteSpan inner;
};

// The dynamic object envelope (spec 3.2).
Result<Envelope> open_envelope(Reader& reader, Version version) {
    if (version < kScVersionMin || version > kScVersionMax) {
        return fail(ErrorCode::malformed, fmt::format("version {} of a control-plane body is not "
                                                      "in {}..{}",
                                                      version, kScVersionMin, kScVersionMax));
    }
    Envelope envelope;
    WEIR_TRY(envelope.label, reader.read_string());
    WEIR_TRY(const std::uint32_t size, reader.read_u32());
    WEIR_TRY(envelope.inner, reader.read_bytes(size));
    return envelope;
}

template <typename F>
void write_envelope(Writer& writer, std::string_view label_text, Version version, F write_inner) {
    writer.write_string(label_text);
    const std::size_t position = writer.size();
    writer.write_u32(0);
    Encoder encoder(writer, version);
    write_inner(encoder);
    writer.patch_u32(position, static_cast<std::uint32_t>(writer.size() - position - 4));
}

template <typename T>
Result<T> decode_plain(Reader& reader, Version version) {
    Decoder decoder(reader, version);
    T value;
    decoder(value);
    return decoder.finish(std::move(value));
}

Error unknown_label(std::string_view api, std::string_view text) {
    return Error(ErrorCode::malformed,
                 fmt::format("{} of unknown kind '{}'", api, text.substr(0, 64)));
}

std::string_view label_of(ObjectKind kind) {
    return label(kind);
}

template <typename Spec>
CreateRequest create_inner(Decoder& decoder) {
    CreateRequest request;
    Spec& spec = request.spec.emplace<Spec>();
    decoder(request.name, request.dry_run, request.timeout_ms, spec);
    return request;
}

// Calls f<Spec>() for the kind; false for a kind that f is not for.
template <typename... Specs, typename F>
bool with_spec(ObjectKind kind, F f) {
    return ((Specs::kKind == kind ? (f.template operator()<Specs>(), true) : false) || ...);
}

}  // namespace

std::optional<ScApi> sc_api_from_key(std::uint16_t key) {
    switch (key) {
        case 18: return ScApi::api_versions;
        case 1001: return ScApi::create;
        case 1002: return ScApi::remove;
        case 1003: return ScApi::list;
        case 1004: return ScApi::watch;
        case 1005: return ScApi::mirroring;
        case 1006: return ScApi::update;
        default: return std::nullopt;
    }
}

std::string_view to_string(ScApi api) {
    switch (api) {
        case ScApi::api_versions: return "ApiVersions";
        case ScApi::create: return "Create";
        case ScApi::remove: return "Delete";
        case ScApi::list: return "List";
        case ScApi::watch: return "Watch";
        case ScApi::mirroring: return "Mirroring";
        case ScApi::update: return "Update";
    }
    return "?";
}

Result<Status> decode_status(Reader& reader, Version version) {
    return decode_plain<Status>(reader, version);
}

void encode(Writer& writer, const Status& status, Version version) {
    Encoder encoder(writer, version);
    encoder(status);
}

Result<CreateRequest> decode_create_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    CreateRequest request;
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    const bool known = kind.has_value() &&
                       with_spec<TopicSpec, CustomSpuSpec, SmartModuleSpec, SpuGroupSpec,
                                 TableFormatSpec, MirrorSpec>(
                           *kind, [&]<typename Spec>() { request = create_inner<Spec>(decoder); });
    if (!known) {
        UnknownObject unknown;
        unknown.label = envelope.label;
        request.spec = std::move(unknown);
    }
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const CreateRequest& request, Version version) {
    std::visit(
        [&](const auto& spec) {
            using Spec = std::decay_t<decltype(spec)>;
            if constexpr (std::is_same_v<Spec, UnknownObject>) {
                write_envelope(writer, spec.label, version, [](Encoder&) {});
            } else {
                write_envelope(writer, label_of(Spec::kKind), version, [&](Encoder& encoder) {
                    encoder(request.name, request.dry_run, request.timeout_ms, spec);
                });
            }
        },
        request.spec);
}

Result<DeleteRequest> decode_delete_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    DeleteRequest request;
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    if (!kind.has_value() || *kind == ObjectKind::spu || *kind == ObjectKind::partition) {
        UnknownObject unknown;
        unknown.label = envelope.label;
        request.target = std::move(unknown);
        return request;
    }
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    DeleteTarget target;
    target.kind = *kind;
    std::string name;
    decoder(name);
    target.key = name;
    if (*kind == ObjectKind::custom_spu && !decoder.failed()) {
        if (name == "Name") {
            decoder(name);
            target.key = std::move(name);
        } else if (name == "Id") {
            SpuId id;
            decoder(id);
            target.key = id;
        } else {
            decoder.fail_with("a CustomSpu key is neither Name nor Id");
        }
    }
    request.target = std::move(target);
    detail::since(decoder, detail::kSystemSince, request.force);
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const DeleteRequest& request, Version version) {
    if (const auto* unknown = std::get_if<UnknownObject>(&request.target)) {
        write_envelope(writer, unknown->label, version, [](Encoder&) {});
        return;
    }
    const DeleteTarget& target = *std::get_if<DeleteTarget>(&request.target);
    write_envelope(writer, label_of(target.kind), version, [&](Encoder& encoder) {
        const auto* name = std::get_if<std::string>(&target.key);
        if (target.kind == ObjectKind::custom_spu) {
            encoder(std::string(name != nullptr ? "Name" : "Id"));
        } else {
            WEIR_ASSERT(name != nullptr);
        }
        if (name != nullptr) {
            encoder(*name);
        } else {
            encoder(*std::get_if<SpuId>(&target.key));
        }
        detail::since(encoder, detail::kSystemSince, request.force);
    });
}

Result<ListRequest> decode_list_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    if (!kind.has_value()) {
        return fail(unknown_label("List", envelope.label));
    }
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    ListRequest request;
    request.kind = *kind;
    decoder(request.name_filters, request.summary);
    detail::since(decoder, detail::kSystemSince, request.system);
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const ListRequest& request, Version version) {
    write_envelope(writer, label_of(request.kind), version, [&](Encoder& encoder) {
        encoder(request.name_filters, request.summary);
        detail::since(encoder, detail::kSystemSince, request.system);
    });
}

Result<ListResponse> decode_list_response(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    ListResponse response;
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    const bool known =
        kind.has_value() &&
        with_spec<TopicSpec, SpuSpec, CustomSpuSpec, SmartModuleSpec, PartitionSpec, SpuGroupSpec,
                  TableFormatSpec, MirrorSpec>(*kind, [&]<typename Spec>() {
            decoder(response.objects.emplace<std::vector<Object<Spec>>>());
        });
    if (!known) {
        return fail(unknown_label("List response", envelope.label));
    }
    return decoder.finish(std::move(response));
}

void encode(Writer& writer, const ListResponse& response, Version version) {
    std::visit(
        [&](const auto& objects) {
            using ObjectType = typename std::decay_t<decltype(objects)>::value_type;
            write_envelope(writer, label_of(ObjectType::Spec::kKind), version,
                           [&](Encoder& encoder) { encoder(objects); });
        },
        response.objects);
}

Result<WatchRequest> decode_watch_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    if (!kind.has_value() || *kind == ObjectKind::custom_spu || *kind == ObjectKind::mirror) {
        return fail(unknown_label("Watch", envelope.label));
    }
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    WatchRequest request;
    request.kind = *kind;
    decoder(request.epoch, request.summary);
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const WatchRequest& request, Version version) {
    write_envelope(writer, label_of(request.kind), version,
                   [&](Encoder& encoder) { encoder(request.epoch, request.summary); });
}

Result<WatchResponse> decode_watch_response(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    WatchResponse response;
    const std::optional<ObjectKind> kind = parse_object_kind(envelope.label);
    const bool known =
        kind.has_value() && with_spec<TopicSpec, SpuSpec, PartitionSpec, SmartModuleSpec,
                                      SpuGroupSpec, TableFormatSpec>(*kind, [&]<typename Spec>() {
            decoder(response.update.emplace<WatchUpdate<Spec>>());
        });
    if (!known) {
        return fail(unknown_label("Watch response", envelope.label));
    }
    return decoder.finish(std::move(response));
}

namespace {

template <typename Spec>
std::string_view label_of_update(const WatchUpdate<Spec>&) {
    return label(Spec::kKind);
}

}  // namespace

void encode(Writer& writer, const WatchResponse& response, Version version) {
    std::visit(
        [&](const auto& update) {
            write_envelope(writer, label_of_update(update), version,
                           [&](Encoder& encoder) { encoder(update); });
        },
        response.update);
}

Result<UpdateRequest> decode_update_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    UpdateRequest request;
    if (envelope.label != label(ObjectKind::topic)) {
        UnknownObject unknown;
        unknown.label = envelope.label;
        request.target = std::move(unknown);
        return request;
    }
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    UpdateTopic& topic = request.target.emplace<UpdateTopic>();
    decoder(topic);
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const UpdateRequest& request, Version version) {
    if (const auto* unknown = std::get_if<UnknownObject>(&request.target)) {
        write_envelope(writer, unknown->label, version, [](Encoder&) {});
        return;
    }
    const UpdateTopic& topic = *std::get_if<UpdateTopic>(&request.target);
    write_envelope(writer, label_of(ObjectKind::topic), version,
                   [&](Encoder& encoder) { encoder(topic); });
}

Result<MirroringRequest> decode_mirroring_request(Reader& reader, Version version) {
    WEIR_TRY(const Envelope envelope, open_envelope(reader, version));
    if (envelope.label != kMirroringLabel) {
        return fail(unknown_label("Mirroring", envelope.label));
    }
    Reader inner(envelope.inner);
    Decoder decoder(inner, version);
    MirroringRequest request;
    decoder(request.remote_id);
    return decoder.finish(std::move(request));
}

void encode(Writer& writer, const MirroringRequest& request, Version version) {
    write_envelope(writer, kMirroringLabel, version,
                   [&](Encoder& encoder) { encoder(request.remote_id); });
}

Result<MirroringResponse> decode_mirroring_response(Reader& reader, Version version) {
    return decode_plain<MirroringResponse>(reader, version);
}

void encode(Writer& writer, const MirroringResponse& response, Version version) {
    Encoder encoder(writer, version);
    encoder(response);
}

}  // namespace weir::wire
