// A random walk of public requests against a running SC and its SPUs, each answer compared with the
// model of objects and logs; between requests servers are killed and started again, and clients
// that send damaged requests come and go.
//
// Owned by the coroutine that runs it on a client's machine.
#pragma once

#include "core/base/prng.h"
#include "core/env/env.h"
#include "core/wire/control_plane.h"
#include "core/wire/fetch.h"
#include "tests/compat/peer.h"
#include "tests/compat/request_model.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::test {

struct WalkOptions {
    std::uint64_t seed = 0;
    int request_count = 60;
    // Kills a server and starts it again: 0 is the SC, else the SPU.
    std::function<void(std::int32_t)> restart;
    // Empty while all is well; outlives the walk.
    std::string* wrong = nullptr;
};

class RequestWalk {
public:
    RequestWalk(Env& env, const WalkOptions& options)
        : env_(env), options_(options), prng_(Prng::derive(options.seed, "requests")) {}

    Task<Result<void>> run();

private:
    Task<Result<void>> step();
    Task<Result<void>> change_topic();
    Task<Result<void>> create_topic(std::string name);
    Task<Result<void>> change_mirrored();
    Task<Result<void>> list_filtered();
    Task<Result<void>> change_object();
    Task<Result<void>> change_mirror(std::string name, int version);
    Task<Result<void>> change_spu();
    // What the first answer to a watch has.
    Task<Result<void>> watch();
    Task<Result<void>> produce();
    Task<Result<void>> fetch();
    Task<Result<void>> read_stream();
    Task<Result<void>> commit_consumer();
    Task<Result<void>> forget_consumer();
    Task<Result<void>> ask_offsets();
    Task<Result<void>> send_damaged();
    Task<Result<void>> restart_server();
    Task<Result<void>> check_topics();
    Task<Result<void>> check_objects();
    Task<Result<void>> check_consumers();
    Task<Result<void>> check_spus();
    // A list has ordinary topics or system topics, a watch both.
    enum class Among : std::uint8_t { ordinary, all };
    // The names of one kind that the model has; of partitions and topics, too.
    std::set<std::string> model_names(const std::string& label, Among among) const;
    Task<Result<void>> check_log(std::string topic, std::uint32_t partition, std::int64_t from);

    // The body of the answer. Connects first if need be, and again while the server is away.
    Task<Result<BufferSlice>> call(std::string server, std::uint16_t key, int version, Bytes body);
    Task<Result<void>> expect_status(std::string what, std::uint16_t key, int version, Bytes body,
                                     int code);
    Task<Result<wire::ListResponse>> list(std::string label, bool summary, bool system = false);
    // "5001" or "5002", once somebody leads and all replicas are live.
    Task<Result<std::string>> leader(std::string topic, std::uint32_t partition);

    // A few batches of a few records, in some codec, behind those of the log.
    Bytes some_batches(std::vector<Bytes>& log);
    // A slice of the log from the batch of `from` on; nullopt when it does not fit, which is
    // remembered.
    std::optional<std::int64_t> end_of_slice(const std::string& where,
                                             const wire::FetchPartitionResponse& slice,
                                             const std::vector<Bytes>& log, std::int64_t from);
    // Remembers the first thing that is wrong.
    Result<void> wrong(std::string text);
    std::string topic_name() { return "model-" + std::to_string(prng_.below(4)); }
    std::string mirrored_name() { return "mirrored-" + std::to_string(prng_.below(2)); }
    std::string object_name() { return "object-" + std::to_string(prng_.below(3)); }
    int sc_version() { return static_cast<int>(prng_.between(11, 19)); }
    int spu_version() { return static_cast<int>(prng_.between(0, 25)); }
    // A partition that exists; false: there is none.
    bool pick_partition(std::string& topic, std::uint32_t& partition);

    Env& env_;
    WalkOptions options_;
    Prng prng_;
    RequestModel model_;
    std::map<std::string, std::unique_ptr<Peer>> peers_;
    std::int32_t last_id_ = 0;
    int record_count_ = 0;
};

}  // namespace weir::test
