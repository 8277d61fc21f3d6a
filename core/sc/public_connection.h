// One client's connection to the public port.
//
// Lives in the frame of serve_client(). Requests are handled one after another, as Fluvio does it;
// watch streams are served beside them by a second task. Before every reply to a change the
// connection's own watches are brought up to date, so that a client that creates a topic and then
// produces does not miss it (control-plane spec 6.3). A frame that does not follow the protocol
// closes the connection with one line in the log. Memory is bounded: one request, the answers to
// it, and one message per watch stream.
#pragma once

#include "core/rpc/frame.h"
#include "core/sc/services.h"
#include "core/sc/watch.h"
#include "core/task/task_scope.h"
#include "core/wire/header.h"
#include "core/wire/own_api.h"

#include <memory>
#include <string>
#include <vector>

namespace weir::sc {

class PublicConnection {
public:
    PublicConnection(Services& services, Connection& connection, CancelToken token);

    // Until the client leaves, misbehaves, or the token is cancelled.
    Task<void> run();

private:
    // Handles one request; an error closes the connection.
    Task<Result<void>> handle(BufferSlice frame);
    Task<Result<void>> handle_api(wire::ScApi api, wire::RequestHeader header, BufferSlice body);
    Task<Result<void>> handle_own(wire::OwnApi api, wire::RequestHeader header, BufferSlice body);
    Task<wire::Operated> operate(wire::Operate request);
    Task<Result<void>> handle_create(wire::RequestHeader header, wire::CreateRequest request);
    Task<Result<void>> handle_delete(wire::RequestHeader header, wire::DeleteRequest request);
    Task<Result<void>> handle_update(wire::RequestHeader header, wire::UpdateRequest request);
    Task<wire::Status> create(wire::CreateRequest request);
    Task<wire::Status> remove(wire::DeleteRequest request);
    Result<void> start_watch(const wire::RequestHeader& header, wire::WatchRequest request);
    Task<Result<void>> reply_status(wire::RequestHeader header, wire::Status status);
    template <typename Response>
    void enqueue(const wire::RequestHeader& header, const Response& response);

    Task<void> push_updates();
    void enqueue_updates();
    bool any_behind() const;
    Task<Result<void>> flush();

    Services& services_;
    Connection& connection_;
    Logger log_;
    TaskScope scope_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    std::vector<std::unique_ptr<WatchStream>> watches_;
};

// Owns the connection; for a TaskScope.
Task<void> serve_client(Services& services, std::unique_ptr<Connection> connection,
                        CancelToken token);

}  // namespace weir::sc
