#include "core/spu/service.h"

#include "core/env/dawdle.h"
#include "core/spu/identity.h"
#include "core/spu/leader_link.h"
#include "core/spu/offset_router.h"
#include "core/spu/peer_server.h"
#include "core/spu/public_connection.h"
#include "core/spu/sc_link.h"
#include "core/task/task_scope.h"

#include <fmt/core.h>

namespace weir::spu {

namespace {

constexpr Duration kAcceptRetryDelay = Duration::from_ms(100);

Result<void> check_config(const Config& config) {
    if (config.id.value() < 0) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("SPU id {} is negative", config.id.value()));
    }
    if (config.log_base_dir.empty()) {
        return fail(ErrorCode::invalid_argument, "log_base_dir is empty");
    }
    if (config.produces_in_flight_max == 0 || config.produce_bytes_in_flight_max == 0) {
        return fail(ErrorCode::invalid_argument, "a limit of produces in flight is 0");
    }
    return {};
}

// Everything between start and stop.
class Service {
public:
    Service(Env& env, const Config& config, std::string dir, IdentityFile& identity, Uid boot_id,
            Started* started)
        : context_(env, config),
          logger_(context_.logger("spu")),
          started_(started),
          identity_(identity),
          replicas_(context_, fmt::format("{}/replicas", dir)),
          store_(context_, replicas_),
          router_(context_, store_),
          link_(context_, replicas_, identity, boot_id,
                started == nullptr ? nullptr : &started->registered),
          clients_{context_, replicas_, router_},
          peers_{context_, replicas_, store_} {
        // An SC of an earlier one has lost what came after it, whoever of this SPU has heard it.
        context_.terms.sc_epoch = identity.term();
    }

    Task<Result<void>> run(CancelToken stop);

private:
    enum class Port : std::uint8_t { clients, peers };
    Task<void> accept_all(Listener& listener, Port port, TaskScope& connections, CancelToken token);
    Task<Result<void>> serve(Listener& public_port, Listener& private_port, CancelToken stop);

    Context context_;
    Logger logger_;
    Started* started_;
    IdentityFile& identity_;
    ReplicaManager replicas_;
    OffsetStore store_;
    OffsetRouter router_;
    ScLink link_;
    ClientServices clients_;
    PeerServices peers_;
};

Task<Result<void>> Service::run(CancelToken stop) {
    const Config& config = context_.config;
    WEIR_CO_TRY(const std::unique_ptr<Listener> public_port,
                context_.env.network.listen(config.public_bind));
    WEIR_CO_TRY(const std::unique_ptr<Listener> private_port,
                context_.env.network.listen(config.private_bind));
    WEIR_CO_CHECK(co_await replicas_.start());
    co_return co_await serve(*public_port, *private_port, stop);
}

Task<Result<void>> Service::serve(Listener& public_port, Listener& private_port, CancelToken stop) {
    Executor& executor = context_.env.executor;
    const HostPort public_address = public_port.local_address();
    WEIR_LOG(logger_, info, "SPU {} serves clients on {}", context_.config.id.value(),
             to_string(public_address));
    if (started_ != nullptr) {
        started_->public_address = public_address;
        started_->private_address = private_port.local_address();
        started_->ready.set();
    }
    // Ended in this order: no new connections; those of clients, which answer what they have
    // accepted; those of other SPUs, without which it may not be committed; what serves them; last
    // the logs.
    TaskScope clients(executor, stop);
    TaskScope peers(executor);
    TaskScope acceptors(executor, stop);
    TaskScope upkeep(executor);
    acceptors.spawn(accept_all(public_port, Port::clients, clients, acceptors.token()));
    acceptors.spawn(accept_all(private_port, Port::peers, peers, acceptors.token()));
    upkeep.spawn(link_.run_link(upkeep.token()));
    upkeep.spawn(replicas_.end_beginning(upkeep.token()));
    upkeep.spawn(replicas_.run_upkeep(upkeep.token()));
    upkeep.spawn(replicas_.run_ticks(upkeep.token()));
    upkeep.spawn(replicas_.run_scrub(upkeep.token()));
    upkeep.spawn(run_leader_links(context_, replicas_, upkeep.token()));
    co_await acceptors.join();
    co_await clients.close();
    co_await peers.close();
    co_await upkeep.close();
    Result<void> closed = co_await replicas_.close();
    if (closed.has_value() && context_.terms.boot != kNoBoot) {
        closed = co_await identity_.leave_clean_marker(context_.terms.boot);
    }
    WEIR_LOG(logger_, info, "SPU {} has stopped", context_.config.id.value());
    co_return closed;
}

Task<void> Service::accept_all(Listener& listener, Port port, TaskScope& connections,
                               CancelToken token) {
    while (true) {
        Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(token);
        if (token.cancelled()) {
            co_return;
        }
        if (!accepted.has_value()) {
            // Out of descriptors, say: others may be given back.
            WEIR_LOG(logger_, warn, "cannot accept a connection: {}", to_string(accepted.error()));
            const Result<void> slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                          kAcceptRetryDelay, token);
            WEIR_MAYBE(slept.has_value());
            continue;
        }
        if (context_.env.probe.fault(FaultPoint::spu_accept_late)) {
            co_await dawdle(context_.env, token);
        }
        if (connections.task_count() >= context_.config.connections_max) {
            WEIR_LOG(logger_, warn, "refused {}: {} connections are open", (*accepted)->peer(),
                     connections.task_count());
            continue;
        }
        if (port == Port::clients) {
            connections.spawn(serve_client(clients_, *std::move(accepted), connections.token()));
        } else {
            connections.spawn(serve_peer(peers_, *std::move(accepted), connections.token()));
        }
    }
}

}  // namespace

Task<Result<void>> run(Env& env, Config config, CancelToken stop, Started* started) {
    WEIR_CO_CHECK(check_config(config));
    const std::string dir = fmt::format("{}/spu-logs-{}", config.log_base_dir, config.id.value());
    WEIR_CO_CHECK(co_await env.disk.create_directories(dir));
    // Before the SC hears whose folder this is.
    WEIR_CO_CHECK(co_await sync_ancestors(env.disk, dir));
    Result<std::unique_ptr<DirectoryLock>> lock = co_await env.disk.lock_directory(dir);
    if (!lock.has_value()) {
        co_return fail(ErrorCode::unavailable, fmt::format("{} is in use by another process: {}",
                                                           dir, to_string(lock.error())));
    }
    IdentityFile identity(env, dir, config.id);
    WEIR_CO_CHECK(co_await identity.load());
    Prng prng = env.random.stream("spu.boot_id");
    Service service(env, config, dir, identity, draw_uid(prng), started);
    co_return co_await service.run(stop);
}

}  // namespace weir::spu
