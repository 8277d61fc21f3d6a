// The limit of the produce path: a broker that receives frames, checks the batch's CRC32C, appends
// it to a file in the page cache with one write per request, and answers. One thread, level
// triggered epoll, no coroutine, nothing else.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>

namespace weir::bench {

class NullBroker {
public:
    // `frame` is the request that will come, `batch_size` the size of the batch at its end; `path`
    // the file to append to, which is overwritten.
    static Result<std::unique_ptr<NullBroker>> start(const std::string& path, const Bytes& frame,
                                                     std::size_t batch_size);
    virtual ~NullBroker() = default;
    virtual std::uint16_t port() const = 0;
    // Processor time used so far.
    virtual double cpu_s() const = 0;
};

}  // namespace weir::bench
