#include "core/sc/public_connection.h"

#include "core/env/dawdle.h"
#include "core/model/smartmodule_name.h"
#include "core/sc/description.h"
#include "core/sc/listing.h"
#include "core/sc/status.h"
#include "core/wire/api_versions.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;
using wire::Reader;
using wire::RequestHeader;
using wire::ScApi;

// More is not queued for a client that does not read; its watches coalesce meanwhile.
constexpr std::uint64_t kQueuedSizeMax = 4U << 20;

rpc::FrameLimits limits_of(const Config& config) {
    rpc::FrameLimits limits;
    limits.payload_size_min = wire::kRequestHeaderSizeMin;
    limits.payload_size_max = config.request_size_max;
    return limits;
}

wire::Status unknown_kind(std::string name) {
    return status_error(std::move(name), ApiError::other("unknown admin object type"));
}

// Those can say that a version is not served; their answer is the same in all.
bool changes_metadata(ScApi api) {
    return api == ScApi::create || api == ScApi::remove || api == ScApi::update;
}

bool changes_metadata(wire::OwnApi api) {
    return api == wire::OwnApi::operate || api == wire::OwnApi::create_topic ||
           api == wire::OwnApi::alter_topic;
}

}  // namespace

PublicConnection::PublicConnection(Services& services, Connection& connection, CancelToken token)
    : services_(services),
      connection_(connection),
      log_(services.context.env.log, "sc.public"),
      scope_(services.context.env.executor, token),
      reader_(connection, limits_of(services.context.config)),
      writer_(connection, services.context.env.executor) {}

Task<void> PublicConnection::run() {
    scope_.spawn(push_updates());
    while (true) {
        Result<std::optional<BufferSlice>> frame = co_await reader_.next(scope_.token());
        if (!frame.has_value()) {
            if (frame.error().code == ErrorCode::malformed) {
                WEIR_LOG(log_, warn, "{}: {}; closing", connection_.peer(),
                         to_string(frame.error()));
            }
            break;
        }
        if (!frame->has_value()) {
            break;
        }
        if (services_.context.env.probe.fault(FaultPoint::sc_client_dropped)) {
            break;
        }
        const Result<void> handled = co_await handle(**std::move(frame));
        if (!handled.has_value()) {
            if (handled.error().code == ErrorCode::malformed ||
                handled.error().code == ErrorCode::invalid_argument) {
                WEIR_LOG(log_, warn, "{}: {}; closing", connection_.peer(),
                         to_string(handled.error()));
            }
            break;
        }
    }
    co_await scope_.close();
}

Task<Result<void>> PublicConnection::flush() {
    const Clock& clock = services_.context.env.clock;
    Deadline deadline(services_.context.env.clock,
                      clock.now() + services_.context.config.client_write_timeout, scope_.token());
    Result<void> flushed = co_await writer_.flush(deadline.token());
    if (!flushed.has_value()) {
        co_return fail(deadline.translate(flushed.error()));
    }
    co_return flushed;
}

bool PublicConnection::any_behind() const {
    for (const auto& watch : watches_) {
        if (watch->behind()) {
            return true;
        }
    }
    return false;
}

void PublicConnection::enqueue_updates() {
    for (const auto& watch : watches_) {
        if (watch->behind()) {
            rpc::OutFrame frame;
            frame.head = watch->next_frame(writer_.take_spare());
            writer_.enqueue(std::move(frame));
        }
    }
}

Task<void> PublicConnection::push_updates() {
    Catalog& catalog = services_.context.catalog;
    while (!scope_.token().cancelled()) {
        if (!any_behind()) {
            const Result<void> waited = co_await catalog.changed().wait(scope_.token());
            if (!waited.has_value()) {
                break;
            }
            continue;
        }
        if (services_.context.env.probe.fault(FaultPoint::sc_watch_late)) {
            co_await dawdle(services_.context.env, scope_.token());
        }
        if (writer_.queued_size_bytes() < kQueuedSizeMax) {
            enqueue_updates();
        }
        const Result<void> flushed = co_await flush();
        if (!flushed.has_value()) {
            if (flushed.error().code == ErrorCode::timed_out) {
                WEIR_LOG(log_, warn, "{}: takes no data; closing", connection_.peer());
            }
            // Ends the reading task, too.
            scope_.cancel();
            break;
        }
    }
}

template <typename Response>
void PublicConnection::enqueue(const RequestHeader& header, const Response& response) {
    wire::Writer writer(writer_.take_spare());
    wire::begin_response(writer, header.correlation_id);
    wire::encode(writer, response, header.api_version);
    wire::finish_frame(writer);
    rpc::OutFrame frame;
    frame.head = std::move(writer).take();
    writer_.enqueue(std::move(frame));
}

Task<Result<void>> PublicConnection::reply_status(RequestHeader header, wire::Status status) {
    enqueue_updates();
    enqueue(header, status);
    co_return co_await flush();
}

Task<Result<void>> PublicConnection::handle(BufferSlice frame) {
    Reader reader(frame.span());
    WEIR_CO_TRY(RequestHeader header, wire::decode_request_header(reader));
    const std::optional<wire::OwnApi> own = wire::own_api_from_key(header.api_key);
    if (own.has_value()) {
        if (changes_metadata(*own)) {
            WEIR_CO_CHECK(co_await services_.context.beginning.over().wait(scope_.token()));
        }
        BufferSlice body = frame.sub(reader.position(), reader.remaining());
        co_return co_await handle_own(*own, std::move(header), std::move(body));
    }
    const std::optional<ScApi> api = wire::sc_api_from_key(header.api_key);
    if (!api.has_value()) {
        co_return fail(ErrorCode::malformed, fmt::format("unknown api key {}", header.api_key));
    }
    const bool served =
        header.api_version >= wire::kScVersionMin && header.api_version <= wire::kScVersionMax;
    if (!served && changes_metadata(*api)) {
        const std::string text =
            fmt::format("version {} of {} is not served, only {} to {}", header.api_version,
                        to_string(*api), wire::kScVersionMin, wire::kScVersionMax);
        wire::Status status = status_error("", ApiError::other(text), text);
        co_return co_await reply_status(std::move(header), std::move(status));
    }
    if (changes_metadata(*api)) {
        WEIR_CO_CHECK(co_await services_.context.beginning.over().wait(scope_.token()));
    }
    BufferSlice body = frame.sub(reader.position(), reader.remaining());
    co_return co_await handle_api(*api, std::move(header), std::move(body));
}

Task<Result<void>> PublicConnection::handle_api(ScApi api, RequestHeader header, BufferSlice body) {
    Reader reader(body.span());
    switch (api) {
        case ScApi::api_versions: {
            WEIR_CO_CHECK(wire::decode_api_versions_request(reader, header.api_version));
            wire::ApiVersionsResponse response;
            response.api_keys.assign(wire::kScAdvertised.begin(), wire::kScAdvertised.end());
            response.platform_version = services_.context.config.platform_version;
            enqueue(header, response);
            co_return co_await flush();
        }
        case ScApi::create: {
            WEIR_CO_TRY(wire::CreateRequest request,
                        wire::decode_create_request(reader, header.api_version));
            co_return co_await handle_create(std::move(header), std::move(request));
        }
        case ScApi::remove: {
            WEIR_CO_TRY(wire::DeleteRequest request,
                        wire::decode_delete_request(reader, header.api_version));
            co_return co_await handle_delete(std::move(header), std::move(request));
        }
        case ScApi::update: {
            WEIR_CO_TRY(wire::UpdateRequest request,
                        wire::decode_update_request(reader, header.api_version));
            co_return co_await handle_update(std::move(header), std::move(request));
        }
        case ScApi::list: {
            WEIR_CO_TRY(const wire::ListRequest request,
                        wire::decode_list_request(reader, header.api_version));
            WEIR_CO_TRY(const wire::ListResponse response,
                        list_objects(services_.context.catalog, services_.reports, request));
            enqueue(header, response);
            co_return co_await flush();
        }
        case ScApi::watch: {
            WEIR_CO_TRY(const wire::WatchRequest request,
                        wire::decode_watch_request(reader, header.api_version));
            WEIR_CO_CHECK(start_watch(header, request));
            co_return co_await flush();
        }
        case ScApi::mirroring: {
            WEIR_CO_CHECK(wire::decode_mirroring_request(reader, header.api_version));
            // Nothing is mirrored: as at a home that does not know the remote, which never answers
            // (spec 5.6).
            co_return Result<void>();
        }
    }
    co_return fail(ErrorCode::malformed, "unknown api");
}

Task<Result<void>> PublicConnection::handle_own(wire::OwnApi api, RequestHeader header,
                                                BufferSlice body) {
    if (header.api_version < wire::kOwnVersionMin || header.api_version > wire::kOwnVersionMax) {
        co_return fail(ErrorCode::malformed,
                       fmt::format("version {} of {}", header.api_version, to_string(api)));
    }
    Reader reader(body.span());
    switch (api) {
        case wire::OwnApi::operate: {
            WEIR_CO_TRY(wire::Operate request, wire::decode_operate(reader, header.api_version));
            const wire::Operated answer = co_await operate(std::move(request));
            enqueue_updates();
            enqueue(header, answer);
            co_return co_await flush();
        }
        case wire::OwnApi::create_topic: {
            WEIR_CO_TRY(wire::CreateTopic request,
                        wire::decode_create_topic(reader, header.api_version));
            const TopicSettings settings = request.settings;
            wire::CreateRequest create;
            create.name = std::move(request.name);
            create.dry_run = request.dry_run;
            create.spec = std::move(request.spec);
            wire::Status status =
                co_await services_.topics.create(std::move(create), settings, scope_.token());
            co_return co_await reply_status(std::move(header), std::move(status));
        }
        case wire::OwnApi::alter_topic: {
            WEIR_CO_TRY(wire::AlterTopic request,
                        wire::decode_alter_topic(reader, header.api_version));
            wire::Status status = co_await services_.topics.alter(std::move(request));
            co_return co_await reply_status(std::move(header), std::move(status));
        }
        case wire::OwnApi::describe_cluster: {
            WEIR_CO_TRY(const wire::DescribeCluster request,
                        wire::decode_describe_cluster(reader, header.api_version));
            enqueue(header, describe_cluster(services_, request));
            co_return co_await flush();
        }
        case wire::OwnApi::begin_producer: {
            WEIR_CO_CHECK(wire::decode_begin_producer(reader, header.api_version));
            // 63 random bits: no two producers of a cluster's life get the same.
            Prng prng = services_.context.env.random.stream("producer id");
            wire::ProducerBegun begun;
            begun.producer_id = static_cast<std::int64_t>(prng.next() >> 1U);
            enqueue(header, begun);
            co_return co_await flush();
        }
    }
    co_return fail(ErrorCode::malformed, "unknown api");
}

Task<wire::Operated> PublicConnection::operate(wire::Operate request) {
    if (request.verb == wire::OperatorVerb::adopt) {
        co_return co_await services_.adoption.adopt(request.force, scope_.token());
    }
    co_return co_await services_.operations.carry_out(std::move(request), scope_.token());
}

Result<void> PublicConnection::start_watch(const RequestHeader& header,
                                           wire::WatchRequest request) {
    if (watches_.size() >= services_.context.config.watches_per_connection_max) {
        return fail(ErrorCode::malformed, fmt::format("more than {} watches", watches_.size()));
    }
    auto watch = make_watch_stream(services_.context.catalog, request, header.api_version,
                                   header.correlation_id);
    rpc::OutFrame frame;
    frame.head = watch->next_frame(writer_.take_spare());
    writer_.enqueue(std::move(frame));
    watches_.push_back(std::move(watch));
    return Result<void>();
}

Task<wire::Status> PublicConnection::create(wire::CreateRequest request) {
    if (std::holds_alternative<TopicSpec>(request.spec)) {
        co_return co_await services_.topics.create(std::move(request), TopicSettings(),
                                                   scope_.token());
    }
    if (std::holds_alternative<CustomSpuSpec>(request.spec)) {
        co_return co_await services_.spus.create_custom(std::move(request));
    }
    if (std::holds_alternative<SmartModuleSpec>(request.spec)) {
        co_return co_await services_.objects.create_smartmodule(std::move(request), scope_.token());
    }
    if (std::holds_alternative<TableFormatSpec>(request.spec)) {
        co_return co_await services_.objects.create_table_format(std::move(request));
    }
    if (std::holds_alternative<SpuGroupSpec>(request.spec)) {
        co_return co_await services_.objects.create_spu_group(std::move(request));
    }
    if (std::holds_alternative<MirrorSpec>(request.spec)) {
        co_return co_await services_.objects.create_mirror(std::move(request));
    }
    co_return unknown_kind("create error");
}

Task<Result<void>> PublicConnection::handle_create(RequestHeader header,
                                                   wire::CreateRequest request) {
    wire::Status status = co_await create(std::move(request));
    co_return co_await reply_status(std::move(header), std::move(status));
}

Task<wire::Status> PublicConnection::remove(wire::DeleteRequest request) {
    auto* target = std::get_if<wire::DeleteTarget>(&request.target);
    if (target == nullptr) {
        // Fluvio says "create" here, too.
        co_return unknown_kind("create error");
    }
    if (target->kind == ObjectKind::custom_spu) {
        co_return co_await services_.spus.remove_custom(std::move(*target));
    }
    std::string name = std::get<std::string>(target->key);
    switch (target->kind) {
        case ObjectKind::topic:
            co_return co_await services_.topics.remove(std::move(name), request.force);
        case ObjectKind::smartmodule:
            co_return co_await services_.objects.remove_smartmodule(std::move(name));
        case ObjectKind::table_format:
            co_return co_await services_.objects.remove_table_format(std::move(name));
        case ObjectKind::spu_group:
            co_return co_await services_.objects.remove_spu_group(std::move(name));
        case ObjectKind::mirror:
            co_return co_await services_.objects.remove_mirror(std::move(name));
        case ObjectKind::spu:
        case ObjectKind::partition:
        case ObjectKind::custom_spu: break;
    }
    co_return unknown_kind("create error");
}

Task<Result<void>> PublicConnection::handle_delete(RequestHeader header,
                                                   wire::DeleteRequest request) {
    const auto* target = std::get_if<wire::DeleteTarget>(&request.target);
    if (target != nullptr && target->kind == ObjectKind::smartmodule) {
        const std::string& name = std::get<std::string>(target->key);
        // Fluvio cannot decode a malformed version, and goes.
        if (!smartmodule_key(name).has_value() &&
            services_.context.catalog.smartmodules.find(name) == nullptr) {
            co_return fail(ErrorCode::malformed, "'" + name + "' is not [group/]name[@version]");
        }
    }
    wire::Status status = co_await remove(std::move(request));
    co_return co_await reply_status(std::move(header), std::move(status));
}

Task<Result<void>> PublicConnection::handle_update(RequestHeader header,
                                                   wire::UpdateRequest request) {
    wire::Status status = unknown_kind("update error");
    if (auto* topic = std::get_if<wire::UpdateTopic>(&request.target)) {
        status = co_await services_.topics.update(std::move(*topic));
    }
    co_return co_await reply_status(std::move(header), std::move(status));
}

Task<void> serve_client(Services& services, std::unique_ptr<Connection> connection,
                        CancelToken token) {
    PublicConnection client(services, *connection, token);
    co_await client.run();
}

}  // namespace weir::sc
