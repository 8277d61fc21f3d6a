// Administration: topics, partitions, SPUs, through the SC (control-plane spec 5 and 9).
//
// A cheap view of a Client, which outlives it. Nothing is retried: a request whose answer was lost
// may have taken effect. An answer that says no is a Status, not an Error; `describe(status)` gives
// its sentence.
#pragma once

#include "core/client/client.h"
#include "core/client/errors.h"
#include "core/wire/control_plane.h"
#include "core/wire/own_api.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace weir::client {

enum class Listing : std::uint8_t { user_objects, system_objects };

class Admin {
public:
    explicit Admin(Client& client) : client_(&client) {}

    Task<Result<wire::Status>> create(wire::CreateRequest request, CancelToken token);
    Task<Result<wire::Status>> remove(wire::DeleteRequest request, CancelToken token);
    Task<Result<wire::Status>> update(wire::UpdateRequest request, CancelToken token);
    Task<Result<wire::ListResponse>> list(wire::ListRequest request, CancelToken token);
    // An answer at once, and one after every change, until the connection ends. The Client outlives
    // the stream.
    Task<Result<AnswerStream>> watch(wire::WatchRequest request, CancelToken token);

    // Our own (core/wire/own_api.h). not_supported: the server closed the connection at it, as one
    // does that does not know it.
    Task<Result<wire::Operated>> operate(wire::Operate request, CancelToken token);
    Task<Result<wire::Status>> create_topic_with(wire::CreateTopic request, CancelToken token);
    Task<Result<wire::Status>> alter_topic(wire::AlterTopic request, CancelToken token);
    Task<Result<wire::ClusterDescription>> describe_cluster(Listing listing, CancelToken token);

    // The common ones, spelled out.
    Task<Result<wire::Status>> create_object(std::string name, wire::CreateSpec spec,
                                             CancelToken token);
    Task<Result<wire::Status>> delete_object(ObjectKind kind, std::string name, CancelToken token);
    Task<Result<wire::Status>> create_topic(std::string name, TopicSpec spec, CancelToken token);
    Task<Result<wire::Status>> delete_topic(std::string name, CancelToken token);
    Task<Result<wire::Status>> add_partitions(std::string topic, std::uint32_t count,
                                              CancelToken token);
    Task<Result<wire::Status>> register_spu(std::string name, CustomSpuSpec spec,
                                            CancelToken token);
    Task<Result<std::vector<TopicObject>>> topics(std::vector<std::string> name_filters,
                                                  Listing listing, CancelToken token);
    Task<Result<std::vector<PartitionObject>>> partitions(Listing listing, CancelToken token);
    Task<Result<std::vector<SpuObject>>> spus(CancelToken token);
    // Without their code: `summary` says how large it is.
    Task<Result<std::vector<SmartModuleObject>>> smartmodules(std::vector<std::string> name_filters,
                                                              CancelToken token);
    Task<Result<std::vector<SpuGroupObject>>> spu_groups(CancelToken token);
    Task<Result<std::vector<TableFormatObject>>> table_formats(CancelToken token);
    Task<Result<std::vector<MirrorObject>>> mirrors(CancelToken token);

private:
    template <typename Request>
    Task<Result<BufferSlice>> call(wire::ScApi api, Request request, wire::Version* version,
                                   CancelToken token);
    template <typename Request>
    Task<Result<wire::Status>> call_for_status(wire::ScApi api, Request request, CancelToken token);
    template <typename T>
    Task<Result<std::vector<T>>> list_all(wire::ListRequest request, CancelToken token);
    template <typename Request>
    Task<Result<BufferSlice>> call_own(wire::OwnApi api, Request request, CancelToken token);
    Client* client_;
};

}  // namespace weir::client
