#include "core/sc/service.h"

#include "core/sc/context.h"
#include "core/sc/embedded_store.h"
#include "core/sc/public_connection.h"
#include "core/sc/records.h"
#include "core/sc/registration.h"
#include "core/sc/services.h"
#include "core/sc/spu_session.h"
#include "core/task/task_scope.h"

#include <fmt/core.h>

#include <memory>

namespace weir::sc {

namespace {

constexpr Duration kRetryDelay = Duration::from_s(1);
constexpr Duration kAcceptRetryDelay = Duration::from_ms(100);
// Offsets of partitions reach the watchers about this often; Fluvio's SPUs report every 400 ms.
constexpr Duration kPublishInterval = Duration::from_ms(400);
constexpr Duration kStoreTickInterval = Duration::from_s(10);
// So often that heartbeats are answered, see may_lease.
constexpr Duration kTermLookInterval = Duration::from_ms(100);

using Serve = Task<void> (*)(Services&, std::unique_ptr<Connection>, CancelToken);

// The running SC. Lives in the frame of run_with_store().
class Service {
public:
    explicit Service(Context& context)
        : context_(context),
          services_(context),
          log_(context.env.log, "sc"),
          scope_(context.env.executor) {}

    Result<void> listen();
    void start();
    HostPort public_address() const { return public_listener_->local_address(); }
    HostPort private_address() const { return private_listener_->local_address(); }
    // Ends everything and waits for it.
    Task<void> stop();

private:
    Task<void> accept(Listener* listener, Serve serve, const char* port);
    Task<void> end_beginning();
    Task<void> reconcile();
    Task<void> publish();
    Task<void> keep_store();
    Task<void> watch_term();

    Context& context_;
    Services services_;
    Logger log_;
    std::unique_ptr<Listener> public_listener_;
    std::unique_ptr<Listener> private_listener_;
    TaskScope scope_;
};

Result<void> Service::listen() {
    WEIR_TRY(public_listener_, context_.env.network.listen(context_.config.public_bind));
    WEIR_TRY(private_listener_, context_.env.network.listen(context_.config.private_bind));
    return Result<void>();
}

void Service::start() {
    scope_.spawn(accept(public_listener_.get(), &serve_client, "public"));
    scope_.spawn(accept(private_listener_.get(), &serve_spu, "private"));
    scope_.spawn(services_.partitions.run(scope_.token()));
    scope_.spawn(end_beginning());
    scope_.spawn(reconcile());
    scope_.spawn(publish());
    scope_.spawn(keep_store());
    if (context_.store.is_shared()) {
        scope_.spawn(watch_term());
    }
}

Task<void> Service::stop() {
    co_await scope_.close();
    public_listener_.reset();
    private_listener_.reset();
}

Task<void> Service::accept(Listener* listener, Serve serve, const char* port) {
    TaskScope connections(context_.env.executor, scope_.token());
    while (!scope_.token().cancelled()) {
        Result<std::unique_ptr<Connection>> connection = co_await listener->accept(scope_.token());
        if (!connection.has_value()) {
            if (scope_.token().cancelled()) {
                break;
            }
            WEIR_LOG(log_, warn, "cannot accept on the {} port: {}", port,
                     to_string(connection.error()));
            const Result<void> slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                          kAcceptRetryDelay, scope_.token());
            if (!slept.has_value()) {
                break;
            }
            continue;
        }
        if (connections.task_count() >= context_.config.connections_max) {
            WEIR_LOG(log_, warn, "{}: more than {} connections on the {} port; closing",
                     (*connection)->peer(), context_.config.connections_max, port);
            continue;
        }
        connections.spawn(serve(services_, *std::move(connection), connections.token()));
    }
    co_await connections.close();
}

Task<void> Service::end_beginning() {
    const Clock& clock = context_.env.clock;
    Deadline deadline(context_.env.clock, clock.now() + context_.config.spu_heartbeat_timeout,
                      scope_.token());
    const Result<void> all_came = co_await context_.beginning.over().wait(deadline.token());
    if (!all_came.has_value() && !scope_.token().cancelled()) {
        WEIR_LOG(log_, warn, "not all SPUs have come: going on without the others");
        context_.env.probe.tell(SilentGivenUp{});
        context_.beginning.end();
        context_.catalog.notify();
    }
}

// Makes what was asked for true as far as the cluster allows: the system topic, and topics that
// wait for SPUs.
Task<void> Service::reconcile() {
    const CancelToken token = scope_.token();
    const Result<void> begun = co_await context_.beginning.over().wait(token);
    if (!begun.has_value()) {
        co_return;
    }
    const Duration delay = context_.config.consumer_offset_delay;
    if (delay > Duration()) {
        const Result<void> slept =
            co_await sleep_for(context_.env.clock, context_.env.executor, delay, token);
        if (!slept.has_value()) {
            co_return;
        }
    }
    while (!token.cancelled()) {
        const std::uint64_t topics_seen = context_.catalog.topics.epoch();
        const std::uint64_t spus_seen = context_.catalog.spus.epoch();
        Result<void> done = Result<void>();
        if (context_.config.create_consumer_offset_topic) {
            done = co_await services_.topics.create_consumer_offset_topic();
        }
        if (done.has_value()) {
            done = co_await services_.topics.place_waiting();
        }
        if (!done.has_value()) {
            WEIR_LOG(log_, warn, "topics cannot be brought up to date: {}; trying again",
                     to_string(done.error()));
            const Result<void> slept =
                co_await sleep_for(context_.env.clock, context_.env.executor, kRetryDelay, token);
            if (!slept.has_value()) {
                co_return;
            }
            continue;
        }
        while (context_.catalog.topics.epoch() == topics_seen &&
               context_.catalog.spus.epoch() == spus_seen &&
               !context_.env.probe.fault(FaultPoint::sc_reconcile_again)) {
            const Result<void> waited = co_await context_.catalog.changed().wait(token);
            if (!waited.has_value()) {
                co_return;
            }
        }
    }
}

Task<void> Service::publish() {
    const CancelToken token = scope_.token();
    while (true) {
        while (!services_.reports.offsets_waiting()) {
            const Result<void> waited = co_await context_.catalog.changed().wait(token);
            if (!waited.has_value()) {
                co_return;
            }
        }
        const bool early = context_.env.probe.fault(FaultPoint::sc_publish_early);
        const Duration interval = early ? Duration::from_ms(1) : kPublishInterval;
        const Result<void> slept =
            co_await sleep_for(context_.env.clock, context_.env.executor, interval, token);
        if (!slept.has_value()) {
            co_return;
        }
        services_.reports.publish_offsets();
    }
}

Task<void> Service::keep_store() {
    while (true) {
        const Result<void> slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                      kStoreTickInterval, scope_.token());
        if (!slept.has_value()) {
            co_return;
        }
        const Result<void> ticked = co_await context_.store.tick();
        if (!ticked.has_value()) {
            WEIR_LOG(log_, warn, "metadata store: {}", to_string(ticked.error()));
        }
    }
}

Task<void> Service::watch_term() {
    while (true) {
        const Result<void> slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                      kTermLookInterval, scope_.token());
        if (!slept.has_value()) {
            co_return;
        }
        // While the store does not answer, no SPU has a lease; each change says why.
        static_cast<void>(co_await context_.store.look());
    }
}

Error term_over(const ClusterRecord& begun) {
    return Error(ErrorCode::unavailable,
                 fmt::format("term {} of this SC is over: another one has begun the next",
                             begun.sc_epoch.value()));
}

// An SC that took over meanwhile may have changed one kind of record before it was read and another
// one after: what was read is no state of the cluster then, and what is wrong with it no damage.
Task<Result<void>> load(Context* context, ClusterRecord begun) {
    Result<void> loaded = co_await context->catalog.load(context->store);
    WEIR_CO_CHECK(co_await context->store.look());
    if (context->store.over().is_set()) {
        co_return fail(term_over(begun));
    }
    co_return loaded;
}

Task<Result<void>> run_with_store(Context* context, CancelToken stop, Started* started) {
    // First the term: whoever had the one before changes nothing of what is loaded.
    WEIR_CO_TRY(const ClusterRecord begun, co_await context->store.begin(&context->uid_prng));
    WEIR_CO_CHECK(co_await load(context, begun));
    context->found.view = view_of(context->catalog);
    for (const auto& [name, entry] : context->catalog.topics.entries()) {
        context->found.topics.insert(entry.extra.uid);
    }
    for (const auto& [name, entry] : context->catalog.partitions.entries()) {
        if (entry.extra.in_doubt) {
            context->doubts.partitions.insert(
                {entry.extra.record.topic_uid, entry.extra.record.partition});
        }
    }
    // As it was before this term.
    context->found.view.sc_epoch = ScEpoch(begun.sc_epoch.value() - 1);
    context->beginning.heard(kNoSpu, {}, context->catalog.spus);
    Service service(*context);
    WEIR_CO_CHECK(service.listen());
    service.start();
    const Logger log(context->env.log, "sc");
    WEIR_LOG(log, info, "serving clients on {} and SPUs on {}, cluster {}",
             to_string(service.public_address()), to_string(service.private_address()),
             to_string(context->catalog.cluster.cluster_id));
    if (started != nullptr) {
        started->public_address = service.public_address();
        started->private_address = service.private_address();
        started->ready.set();
    }
    const Result<void> deposed = co_await context->store.over().wait(stop);
    WEIR_LOG(log, info, "stopping{}", deposed.has_value() ? ": another SC has begun a term" : "");
    co_await service.stop();
    if (deposed.has_value()) {
        co_return fail(term_over(begun));
    }
    co_return Result<void>();
}

}  // namespace

Task<Result<std::unique_ptr<MetadataStore>>> open_store(Env& env, Config config) {
    EmbeddedStoreConfig store_config;
    store_config.dir = config.metadata_dir;
    store_config.segment_size_bytes = config.journal_segment_size_bytes;
    store_config.snapshot_after_size_bytes = config.snapshot_after_size_bytes;
    co_return co_await EmbeddedStore::open(env, std::move(store_config));
}

Task<Result<void>> run_on(Env& env, MetadataStore& store, Config config, CancelToken stop,
                          Started* started) {
    Context context(env, config, store);
    co_return co_await run_with_store(&context, stop, started);
}

Task<Result<void>> run(Env& env, Config config, CancelToken stop, Started* started) {
    WEIR_CO_TRY(const std::unique_ptr<MetadataStore> store, co_await open_store(env, config));
    Result<void> served = co_await run_on(env, *store, std::move(config), stop, started);
    Result<void> closed = co_await store->close();
    if (!served.has_value()) {
        co_return served;
    }
    co_return closed;
}

}  // namespace weir::sc
