// Requests and responses of the SC's public port (control-plane spec 3 and 5), versions 11 to 19.
//
// Every body but the Status, ApiVersions and Mirroring responses travels in an envelope that names
// the kind of object: here the kind is the alternative of a variant. Decoding needs the whole body
// and answers `malformed` for anything that does not follow the layout, except for a label that the
// API does not take: Create, Delete and Update give UnknownObject for it, because they answer it
// with a Status. Values own their bytes.
#pragma once

#include "core/wire/api_key.h"
#include "core/wire/control_objects.h"
#include "core/wire/error_code.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::wire {

enum class ScApi : std::uint16_t {
    api_versions = 18,
    create = 1001,
    remove = 1002,
    list = 1003,
    watch = 1004,
    mirroring = 1005,
    update = 1006,
};

std::optional<ScApi> sc_api_from_key(std::uint16_t key);
std::string_view to_string(ScApi api);

// Bodies have envelopes since this version; older ones are not offered.
inline constexpr Version kScVersionMin = 11;
inline constexpr Version kScVersionMax = 19;

// What the SC advertises, in the reference's order. Versions below 11 had another envelope, which
// no client since platform 0.12 uses (spec 3.3): they are not offered.
inline constexpr std::array<ApiRange, 6> kScAdvertised = {{
    {1001, 11, 19},
    {1002, 11, 19},
    {1003, 15, 19},
    {1004, 15, 19},
    {1005, 14, 19},
    {1006, 11, 19},
}};

// A label that the API does not know.
struct UnknownObject {
    std::string label;
    friend bool operator==(const UnknownObject&, const UnknownObject&) = default;
};

// ---- Status: the response of Create, Delete and Update

struct Status {
    std::string name;
    ApiError error;
    std::optional<std::string> message;
    friend bool operator==(const Status&, const Status&) = default;
};

Result<Status> decode_status(Reader& reader, Version version);
void encode(Writer& writer, const Status& status, Version version);

// ---- Create (1001)

using CreateSpec = std::variant<TopicSpec, CustomSpuSpec, SmartModuleSpec, SpuGroupSpec,
                                TableFormatSpec, MirrorSpec, UnknownObject>;

struct CreateRequest {
    std::string name;
    bool dry_run = false;
    std::optional<std::uint32_t> timeout_ms;
    CreateSpec spec;
    friend bool operator==(const CreateRequest&, const CreateRequest&) = default;
};

Result<CreateRequest> decode_create_request(Reader& reader, Version version);
void encode(Writer& writer, const CreateRequest& request, Version version);

// ---- Delete (1002)

struct DeleteTarget {
    // Any kind but SPU and Partition. Only CustomSpu can be named by id.
    ObjectKind kind = ObjectKind::topic;
    std::variant<std::string, SpuId> key;
    friend bool operator==(const DeleteTarget&, const DeleteTarget&) = default;
};

struct DeleteRequest {
    std::variant<DeleteTarget, UnknownObject> target;
    // Lets a system topic go; since version 13.
    bool force = false;
    friend bool operator==(const DeleteRequest&, const DeleteRequest&) = default;
};

Result<DeleteRequest> decode_delete_request(Reader& reader, Version version);
void encode(Writer& writer, const DeleteRequest& request, Version version);

// ---- List (1003)

struct ListRequest {
    ObjectKind kind = ObjectKind::topic;
    std::vector<std::string> name_filters;
    bool summary = false;
    // Since version 13.
    bool system = false;
    friend bool operator==(const ListRequest&, const ListRequest&) = default;
};

using ObjectList = std::variant<std::vector<TopicObject>, std::vector<SpuObject>,
                                std::vector<CustomSpuObject>, std::vector<SmartModuleObject>,
                                std::vector<PartitionObject>, std::vector<SpuGroupObject>,
                                std::vector<TableFormatObject>, std::vector<MirrorObject>>;

struct ListResponse {
    ObjectList objects;
    friend bool operator==(const ListResponse&, const ListResponse&) = default;
};

Result<ListRequest> decode_list_request(Reader& reader, Version version);
void encode(Writer& writer, const ListRequest& request, Version version);
Result<ListResponse> decode_list_response(Reader& reader, Version version);
void encode(Writer& writer, const ListResponse& response, Version version);

// ---- Watch (1004): one request, then responses until the connection ends

struct WatchRequest {
    // Topic, SPU, SpuGroup, Partition, SmartModule or TableFormat.
    ObjectKind kind = ObjectKind::topic;
    // Ignored; clients send 0.
    std::int64_t epoch = 0;
    bool summary = false;
    friend bool operator==(const WatchRequest&, const WatchRequest&) = default;
};

enum class ChangeKind : std::uint8_t { update, remove };

template <typename Spec>
struct Change {
    ChangeKind kind = ChangeKind::update;
    // A removed object comes with its last spec and status.
    Object<Spec> object;
    friend bool operator==(const Change&, const Change&) = default;
};

// Clients take `all` if it is not empty, else `changes` in order (spec 6.3).
template <typename Spec>
struct WatchUpdate {
    std::int64_t epoch = 0;
    std::vector<Change<Spec>> changes;
    std::vector<Object<Spec>> all;
    friend bool operator==(const WatchUpdate&, const WatchUpdate&) = default;
};

struct WatchResponse {
    std::variant<WatchUpdate<TopicSpec>, WatchUpdate<SpuSpec>, WatchUpdate<PartitionSpec>,
                 WatchUpdate<SmartModuleSpec>, WatchUpdate<SpuGroupSpec>,
                 WatchUpdate<TableFormatSpec>>
        update;
    friend bool operator==(const WatchResponse&, const WatchResponse&) = default;
};

Result<WatchRequest> decode_watch_request(Reader& reader, Version version);
void encode(Writer& writer, const WatchRequest& request, Version version);
Result<WatchResponse> decode_watch_response(Reader& reader, Version version);
void encode(Writer& writer, const WatchResponse& response, Version version);

// ---- Update (1006)

struct AddPartition {
    // To add.
    std::uint32_t count = 0;
    friend bool operator==(const AddPartition&, const AddPartition&) = default;
};

struct AddMirror {
    std::string remote_cluster;
    bool home_to_remote = false;
    friend bool operator==(const AddMirror&, const AddMirror&) = default;
};

struct UpdateTopic {
    std::string name;
    std::variant<AddPartition, AddMirror> action;
    friend bool operator==(const UpdateTopic&, const UpdateTopic&) = default;
};

struct UpdateRequest {
    std::variant<UpdateTopic, UnknownObject> target;
    friend bool operator==(const UpdateRequest&, const UpdateRequest&) = default;
};

Result<UpdateRequest> decode_update_request(Reader& reader, Version version);
void encode(Writer& writer, const UpdateRequest& request, Version version);

// ---- Mirroring (1005): one request of a remote cluster's SC, then responses

struct MirroringRequest {
    std::string remote_id;
    friend bool operator==(const MirroringRequest&, const MirroringRequest&) = default;
};

struct MirroringTopic {
    std::string key;
    TopicSpec spec;
    SpuId spu_id;
    std::string spu_key;
    std::string spu_endpoint;
    friend bool operator==(const MirroringTopic&, const MirroringTopic&) = default;
};

struct MirroringResponse {
    std::string name;
    ApiError error;
    std::optional<std::string> message;
    std::vector<MirroringTopic> topics;
    friend bool operator==(const MirroringResponse&, const MirroringResponse&) = default;
};

Result<MirroringRequest> decode_mirroring_request(Reader& reader, Version version);
void encode(Writer& writer, const MirroringRequest& request, Version version);
Result<MirroringResponse> decode_mirroring_response(Reader& reader, Version version);
void encode(Writer& writer, const MirroringResponse& response, Version version);

}  // namespace weir::wire
