#include "core/client/admin.h"

#include <fmt/core.h>

#include <utility>

namespace weir::client {
namespace {

constexpr wire::ApiRange range_of(wire::ScApi api) {
    // Older layouts differ in envelopes that are not built (control-plane spec 3.3).
    return {static_cast<std::int16_t>(api), wire::kScVersionMin, wire::kScVersionMax};
}

template <typename T>
Result<std::vector<T>> take_list(Result<wire::ListResponse> response) {
    WEIR_TRY(wire::ListResponse list, std::move(response));
    auto* objects = std::get_if<std::vector<T>>(&list.objects);
    if (objects == nullptr) {
        return fail(ErrorCode::malformed, "a list answered with another kind of object");
    }
    return std::move(*objects);
}

}  // namespace

template <typename Request>
Task<Result<BufferSlice>> Admin::call(wire::ScApi api, Request request, wire::Version* version,
                                      CancelToken token) {
    const Instant deadline = client_->env().clock.now() + client_->config().request_timeout;
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> sc,
                co_await client_->sc_connection(deadline, token));
    *version = sc->version_for(range_of(api));
    co_return co_await sc->call(static_cast<std::uint16_t>(api), *version, request, deadline,
                                token);
}

template <typename Request>
Task<Result<wire::Status>> Admin::call_for_status(wire::ScApi api, Request request,
                                                  CancelToken token) {
    wire::Version version = 0;
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call<Request>(api, std::move(request), &version, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_status(reader, version);
}

Task<Result<wire::Status>> Admin::create(wire::CreateRequest request, CancelToken token) {
    co_return co_await call_for_status(wire::ScApi::create, std::move(request), token);
}

Task<Result<wire::Status>> Admin::remove(wire::DeleteRequest request, CancelToken token) {
    co_return co_await call_for_status(wire::ScApi::remove, std::move(request), token);
}

Task<Result<wire::Status>> Admin::update(wire::UpdateRequest request, CancelToken token) {
    co_return co_await call_for_status(wire::ScApi::update, std::move(request), token);
}

Task<Result<wire::ListResponse>> Admin::list(wire::ListRequest request, CancelToken token) {
    wire::Version version = 0;
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call(wire::ScApi::list, std::move(request), &version, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_list_response(reader, version);
}

Task<Result<AnswerStream>> Admin::watch(wire::WatchRequest request, CancelToken token) {
    const Instant deadline = client_->env().clock.now() + client_->config().request_timeout;
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> sc,
                co_await client_->sc_connection(deadline, token));
    const wire::Version version = sc->version_for(range_of(wire::ScApi::watch));
    co_return sc->open_stream(static_cast<std::uint16_t>(wire::ScApi::watch), version, request);
}

template <typename Request>
Task<Result<BufferSlice>> Admin::call_own(wire::OwnApi api, Request request, CancelToken token) {
    const Instant deadline = client_->env().clock.now() + client_->config().request_timeout;
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> sc,
                co_await client_->sc_connection(deadline, token));
    Result<BufferSlice> answer = co_await sc->call(static_cast<std::uint16_t>(api),
                                                   wire::kOwnVersionMax, request, deadline, token);
    if (!answer.has_value() && answer.error().code == ErrorCode::connection_closed) {
        co_return fail(ErrorCode::not_supported,
                       fmt::format("{} closed the connection instead of answering {}: is it a "
                                   "Streaming Controller of Weir, and not older than this client?",
                                   to_string(sc->address()), to_string(api)));
    }
    co_return answer;
}

Task<Result<wire::Operated>> Admin::operate(wire::Operate request, CancelToken token) {
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call_own(wire::OwnApi::operate, std::move(request), token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_operated(reader, wire::kOwnVersionMax);
}

Task<Result<wire::Status>> Admin::create_topic_with(wire::CreateTopic request, CancelToken token) {
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call_own(wire::OwnApi::create_topic, std::move(request), token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_status(reader, wire::kScVersionMax);
}

Task<Result<wire::Status>> Admin::alter_topic(wire::AlterTopic request, CancelToken token) {
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call_own(wire::OwnApi::alter_topic, std::move(request), token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_status(reader, wire::kScVersionMax);
}

Task<Result<wire::ClusterDescription>> Admin::describe_cluster(Listing listing, CancelToken token) {
    wire::DescribeCluster request;
    request.system = listing == Listing::system_objects;
    WEIR_CO_TRY(const BufferSlice frame,
                co_await call_own(wire::OwnApi::describe_cluster, std::move(request), token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    co_return wire::decode_cluster_description(reader, wire::kOwnVersionMax);
}

Task<Result<wire::Status>> Admin::create_object(std::string name, wire::CreateSpec spec,
                                                CancelToken token) {
    wire::CreateRequest request;
    request.name = std::move(name);
    request.spec = std::move(spec);
    co_return co_await create(std::move(request), token);
}

Task<Result<wire::Status>> Admin::delete_object(ObjectKind kind, std::string name,
                                                CancelToken token) {
    wire::DeleteTarget target;
    target.kind = kind;
    target.key = std::move(name);
    wire::DeleteRequest request;
    request.target = std::move(target);
    co_return co_await remove(std::move(request), token);
}

Task<Result<wire::Status>> Admin::create_topic(std::string name, TopicSpec spec,
                                               CancelToken token) {
    co_return co_await create_object(std::move(name), std::move(spec), token);
}

Task<Result<wire::Status>> Admin::delete_topic(std::string name, CancelToken token) {
    co_return co_await delete_object(ObjectKind::topic, std::move(name), token);
}

Task<Result<wire::Status>> Admin::add_partitions(std::string topic, std::uint32_t count,
                                                 CancelToken token) {
    wire::AddPartition action;
    action.count = count;
    wire::UpdateTopic target;
    target.name = std::move(topic);
    target.action = action;
    wire::UpdateRequest request;
    request.target = std::move(target);
    co_return co_await update(std::move(request), token);
}

Task<Result<wire::Status>> Admin::register_spu(std::string name, CustomSpuSpec spec,
                                               CancelToken token) {
    co_return co_await create_object(std::move(name), std::move(spec), token);
}

template <typename T>
Task<Result<std::vector<T>>> Admin::list_all(wire::ListRequest request, CancelToken token) {
    request.kind = T::Spec::kKind;
    Result<wire::ListResponse> response = co_await list(std::move(request), token);
    co_return take_list<T>(std::move(response));
}

Task<Result<std::vector<TopicObject>>> Admin::topics(std::vector<std::string> name_filters,
                                                     Listing listing, CancelToken token) {
    wire::ListRequest request;
    request.name_filters = std::move(name_filters);
    request.system = listing == Listing::system_objects;
    co_return co_await list_all<TopicObject>(std::move(request), token);
}

Task<Result<std::vector<PartitionObject>>> Admin::partitions(Listing listing, CancelToken token) {
    wire::ListRequest request;
    request.system = listing == Listing::system_objects;
    co_return co_await list_all<PartitionObject>(std::move(request), token);
}

Task<Result<std::vector<SpuObject>>> Admin::spus(CancelToken token) {
    wire::ListRequest request;
    co_return co_await list_all<SpuObject>(std::move(request), token);
}

Task<Result<std::vector<SmartModuleObject>>> Admin::smartmodules(
    std::vector<std::string> name_filters, CancelToken token) {
    wire::ListRequest request;
    request.name_filters = std::move(name_filters);
    request.summary = true;
    co_return co_await list_all<SmartModuleObject>(std::move(request), token);
}

Task<Result<std::vector<SpuGroupObject>>> Admin::spu_groups(CancelToken token) {
    wire::ListRequest request;
    co_return co_await list_all<SpuGroupObject>(std::move(request), token);
}

Task<Result<std::vector<TableFormatObject>>> Admin::table_formats(CancelToken token) {
    wire::ListRequest request;
    co_return co_await list_all<TableFormatObject>(std::move(request), token);
}

Task<Result<std::vector<MirrorObject>>> Admin::mirrors(CancelToken token) {
    wire::ListRequest request;
    co_return co_await list_all<MirrorObject>(std::move(request), token);
}

}  // namespace weir::client
