// Where a consumer's offset is kept: here, or on the SPU that leads consumer-offset-0, which is
// asked over its private port (core/wire/internal.h). One connection to that SPU, made when needed,
// one request at a time.
//
// Owner: `run` in service.cc; outlives the connections that use it. One shard.
#pragma once

#include "core/rpc/frame.h"
#include "core/spu/offset_store.h"

#include <memory>
#include <optional>
#include <string>

namespace weir::spu {

class OffsetRouter {
public:
    OffsetRouter(Context& context, OffsetStore& store);

    Task<ApiResult<std::optional<std::int64_t>>> find(OffsetKey key, Uid topic_uid,
                                                      CancelToken token);
    Task<wire::ApiError> update(OffsetKey key, Uid topic_uid, std::int64_t offset,
                                CancelToken token);
    // The store of this SPU, for the requests that are never forwarded.
    OffsetStore& store() { return store_; }

private:
    struct Peer {
        SpuId id = SpuId(-1);
        wire::Version version = 0;
        // Before its reader and writer: destroyed after them.
        std::unique_ptr<Connection> connection;
        std::unique_ptr<rpc::FrameReader> reader;
        std::unique_ptr<rpc::FrameWriter> writer;
        std::int32_t last_correlation_id = 0;
    };

    template <typename Request, typename Reply>
    Task<ApiResult<Reply>> ask(Request request, CancelToken token);
    template <typename Request, typename Reply>
    Task<Result<Reply>> exchange(Request request, CancelToken token);
    Task<Result<void>> connect(wire::internal::SpuAddress address, CancelToken token);
    void drop_peer();
    ApiResult<wire::internal::SpuAddress> leader_address() const;

    Context& context_;
    OffsetStore& store_;
    Logger logger_;
    // Requests and answers of one connection, in turn.
    AsyncMutex in_turn_;
    Peer peer_;
};

}  // namespace weir::spu
