// One client connection of the public port: reads requests, answers them.
//
// `serve_client` owns the connection. One reading task handles requests one after another; what may
// take long does not hold it up: Produce requests are answered by a task of their own in the order
// in which they were appended, consumer offsets by another (in their order), each stream is a task.
// All of them end before the call returns. One shard.
//
// Bounds: the connection is read on only while fewer than Config::produces_in_flight_max produces
// and less than Config::produce_bytes_in_flight_max bytes wait for their commit, and only after its
// answers could be written.
#pragma once

#include "core/rpc/frame.h"
#include "core/spu/fetch.h"
#include "core/spu/offset_router.h"
#include "core/spu/produce.h"
#include "core/spu/stream.h"
#include "core/task/task_scope.h"
#include "core/wire/header.h"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weir::spu {

struct ClientServices {
    Context& context;
    ReplicaManager& replicas;
    OffsetRouter& offsets;
};

// Returns when the peer has closed, has broken the protocol (one line in the log), or `stop` is
// cancelled; what was accepted is answered first, for at most Config::drain_timeout. `services`
// outlives the call.
Task<void> serve_client(const ClientServices& services, std::unique_ptr<Connection> connection,
                        CancelToken stop);

class ClientConnection {
public:
    ClientConnection(const ClientServices& services, Connection& connection);
    Task<void> run(CancelToken stop);

private:
    // A request of the consumer-offset APIs, waiting for its turn.
    struct OffsetRequest {
        wire::RequestHeader header;
        BufferSlice body;
    };

    // The version to decode and encode with, and whether that is the one asked for.
    struct Layout {
        wire::Version version = 0;
        bool refused = false;
    };
    static Layout layout_of(const wire::RequestHeader& header);

    Task<Result<void>> read_requests(CancelToken stop);
    Task<Result<void>> handle(BufferSlice frame, CancelToken stop);
    Task<Result<void>> handle_produce(wire::RequestHeader header, BufferSlice body,
                                      CancelToken stop);
    Task<Result<void>> handle_fetch_request(wire::RequestHeader header, BufferSlice body);
    Task<Result<void>> handle_offsets_query(wire::RequestHeader header, BufferSlice body);
    Result<void> handle_api_versions(const wire::RequestHeader& header, const BufferSlice& body);
    Result<void> handle_stream_fetch(const wire::RequestHeader& header, const BufferSlice& body);
    Result<void> handle_update_offsets(const wire::RequestHeader& header, const BufferSlice& body);

    Task<void> answer_produces();
    Task<Result<void>> answer_next_produce(CancelToken token);
    // Mutant::answers_as_they_finish.
    Task<void> answer_on_its_own(ProduceInProgress produce);
    void add(ProduceInProgress produce);
    void drop_first_produce();
    Task<void> answer_offset_requests();
    Task<Result<void>> answer_offset_request(OffsetRequest request, CancelToken token);
    Task<Result<void>> update_consumer_offset(wire::RequestHeader header, BufferSlice body,
                                              CancelToken token);
    Task<Result<void>> delete_consumer_offset(wire::RequestHeader header, BufferSlice body,
                                              CancelToken token);
    Task<Result<void>> fetch_consumer_offsets(wire::RequestHeader header, BufferSlice body,
                                              CancelToken token);
    Task<Result<void>> wait_for_room(CancelToken stop);
    Task<void> drain();

    // Queues an answer; somebody flushes.
    template <typename T>
    void enqueue(CorrelationId correlation_id, const T& response, wire::Version version);
    CorrelationId produce_correlation_id(const ProduceInProgress& produce);
    void break_off(const Error& error);
    std::shared_ptr<Stream> find_stream(std::uint32_t session_id) const;

    const ClientServices& services_;
    const Config& config_;
    Connection& connection_;
    Logger logger_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    TaskScope scope_;
    FetchServices fetch_services_;
    ProduceServices produce_services_;

    // A list, so that adding moves none; nodes of answered ones are used again.
    std::list<ProduceInProgress> produces_;
    std::list<ProduceInProgress> spare_produces_;
    std::uint64_t produce_bytes_ = 0;
    std::deque<OffsetRequest> offset_requests_;
    // An element was added to or removed from the two queues above.
    Notifier queues_changed_;

    std::map<std::uint32_t, std::shared_ptr<Stream>> streams_;
    std::uint32_t last_stream_id_ = 0;
    // Cancelled when the connection is of no further use.
    CancelSource broken_;
    CorrelationId last_correlation_id_;
};

}  // namespace weir::spu
