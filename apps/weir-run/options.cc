#include "apps/weir-run/options.h"

#include "apps/commit.h"
#include "apps/weir-run/repair.h"
#include "core/model/setting_words.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <limits>
#include <optional>
#include <unistd.h>
#include <utility>

namespace weir::run {

namespace {

using Setter = std::function<Result<void>(const std::string&)>;

// CLI11 reports errors by exceptions, which end in parse_options below.
void add(CLI::App& app, const std::string& names, const std::string& help, const char* variable,
         Setter setter) {
    CLI::Option* option = app.add_option_function<std::string>(
        names,
        [names, setter](const std::string& text) {
            const Result<void> set = setter(text);
            if (!set.has_value()) {
                throw CLI::ValidationError(names, set.error().context);
            }
        },
        help);
    option->type_name("VALUE");
    if (variable != nullptr) {
        option->envname(variable);
    }
}

Setter set_text(std::string& into) {
    return [&into](const std::string& text) -> Result<void> {
        into = text;
        return {};
    };
}

Setter set_address(HostPort& into) {
    return [&into](const std::string& text) -> Result<void> {
        WEIR_TRY(into, parse_host_port(text));
        return {};
    };
}

// Fluvio's flag takes HOST:PORT or a bare host.
Setter set_sc_address(HostPort& into) {
    return [&into](const std::string& text) -> Result<void> {
        const bool bare = text.find(':') == std::string::npos;
        WEIR_TRY(into, parse_host_port(bare ? text + ":9004" : text));
        return {};
    };
}

template <typename T>
Result<T> parse_number(std::string_view text) {
    T value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a number", text));
    }
    return value;
}

template <typename T>
Setter set_size(T& into) {
    return [&into](const std::string& text) -> Result<void> {
        WEIR_TRY(const std::uint64_t size, parse_size_bytes(text));
        if (size > std::numeric_limits<T>::max()) {
            return fail(ErrorCode::invalid_argument, fmt::format("'{}' is too large", text));
        }
        into = static_cast<T>(size);
        return {};
    };
}

Setter set_duration(Duration& into, std::int64_t unit_ns) {
    return [&into, unit_ns](const std::string& text) -> Result<void> {
        WEIR_TRY(const std::uint32_t count, parse_number<std::uint32_t>(text));
        into = Duration::from_ns(static_cast<std::int64_t>(count) * unit_ns);
        return {};
    };
}

Setter set_spu_id(SpuId& into) {
    return [&into](const std::string& text) -> Result<void> {
        WEIR_TRY(const std::int32_t id, parse_number<std::int32_t>(text));
        if (id < 0) {
            return fail(ErrorCode::invalid_argument, "an SPU id is 0 or more");
        }
        into = SpuId(id);
        return {};
    };
}

constexpr std::array<Word<bool>, 2> kSwitches{{
    {"on", true},
    {"off", false},
}};
template <typename T, std::size_t kCount>
Setter set_word(std::optional<T>& into, const std::array<Word<T>, kCount>& words) {
    return [&into, &words](const std::string& text) -> Result<void> {
        const std::optional<T> value = value_of(text, words);
        if (!value.has_value()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("'{}' is none of {}", text, list_of(words)));
        }
        into = value;
        return {};
    };
}

Setter set_count(std::optional<std::uint32_t>& into) {
    return [&into](const std::string& text) -> Result<void> {
        WEIR_TRY(const std::uint32_t count, parse_number<std::uint32_t>(text));
        if (count == 0) {
            return fail(ErrorCode::invalid_argument, "at least 1");
        }
        into = count;
        return {};
    };
}

// Checked and without effect; `of` says what it would belong to.
template <typename Check>
Setter note_unused(Options& options, std::string name, Check check) {
    return [&options, name, check](const std::string& text) -> Result<void> {
        WEIR_CHECK(check(text));
        options.unused.push_back(name);
        return {};
    };
}

Setter refuse(std::string why) {
    return
        [why](const std::string&) -> Result<void> { return fail(ErrorCode::not_supported, why); };
}

void refuse_flag(CLI::App& app, const std::string& name, const std::string& help,
                 const std::string& why) {
    app.add_flag_callback(name, [name, why] { throw CLI::ValidationError(name, why); }, help);
}

void add_tls(CLI::App& app) {
    const std::string why =
        "TLS is not supported yet; leave the flag away, or put a TLS proxy "
        "in front of the public port";
    refuse_flag(app, "--tls", "not supported yet", why);
    refuse_flag(app, "--enable-client-cert", "not supported yet", why);
    for (const char* name : {"--server-cert", "--server-key", "--ca-cert", "--bind-non-tls-public",
                             "--client-cert", "--client-key"}) {
        add(app, name, "not supported yet", nullptr, refuse(why));
    }
}

void add_runtime(CLI::App& app, Options& options) {
    add(app, "--log",
        "log level, or a list such as info,spu.produce=debug (else WEIR_LOG, RUST_LOG, info)",
        nullptr, set_text(options.real.log_filter));
    add(app, "--spin-us",
        "poll so many microseconds before sleeping: lower latency for a busy processor", nullptr,
        set_duration(options.real.spin, 1'000));
    CLI::Option* record = app.add_option(
        "--record", options.recording_dir,
        "keep a recording of all that the server does and sees in this directory, for `weir-sim "
        "replay DIR`; each start adds a file");
    record->type_name("DIR");
}

void add_sc(CLI::App& root, Options& options) {
    CLI::App& app = *root.add_subcommand("sc", "run the Streaming Controller");
    app.callback([&options] { options.command = Command::sc; });
    CLI::Option* local =
        app.add_option("--local", options.real.disk_root, "keep the metadata in this directory");
    local->type_name("DIR")->required();
    refuse_flag(app, "--k8", "not supported yet", "Kubernetes is not supported yet; use --local");
    add(app, "--read-only", "not supported yet", nullptr,
        refuse("a read-only SC is not supported yet; use --local"));
    add(app, "--bind-public", "address for clients (0.0.0.0:9003)", nullptr,
        set_address(options.sc.public_bind));
    add(app, "--bind-private", "address for SPUs (0.0.0.0:9004)", nullptr,
        set_address(options.sc.private_bind));
    add(app, "-n,--namespace", "has no effect without Kubernetes", nullptr,
        note_unused(options, "--namespace", [](const std::string&) { return Result<void>(); }));
    add(app, "--platform-version", "the version to report to clients", "WEIR_PLATFORM_VERSION",
        set_text(options.sc.platform_version));
    add(app, "--topic-wait-s", "how long a topic creation waits for its partitions",
        "FLV_TOPIC_WAIT", set_duration(options.sc.topic_wait, 1'000'000'000));
    add(app, "--durability",
        "of new topics: when a record counts as stored: fsync (default), bounded, async",
        "WEIR_DURABILITY", set_word(options.sc.new_topics.durability, kDurabilityWords));
    add(app, "--min-live",
        "of new topics: replicas that must be live to commit (most of three or more, else 1)",
        nullptr, set_count(options.sc.new_topics.min_live));
    add(app, "--unclean-policy",
        "of new topics: who may lead when nobody is known to be complete: never, balanced "
        "(default), availability",
        nullptr, set_word(options.sc.new_topics.unclean_policy, kUncleanPolicyWords));
    add(app, "--ack-floor",
        "of new topics: the least that an acknowledgement means, whatever the producer asks for: "
        "none (default), committed",
        nullptr, set_word(options.sc.new_topics.ack_floor, kAckFloorWords));
    add(app, "--strict-reads",
        "of new topics: committed reads see all that was acknowledged as committed before: on, off "
        "(default)",
        nullptr, set_word(options.sc.new_topics.strict_reads, kSwitches));
    add(app, "--ride-through",
        "of new topics: a leader that does not reach the SC goes on while all live replicas follow "
        "it: on, off (on for one replica, else off)",
        nullptr, set_word(options.sc.new_topics.ride_through, kSwitches));
    for (const char* name : {"--authorization-scopes", "--authorization-policy"}) {
        add(app, name, "not supported yet", nullptr,
            refuse("authorization is not supported yet; everybody who connects is root"));
    }
    add(app, "--white-list", "not supported", nullptr,
        refuse("all parts of the controller always run"));
    add(app, "--secret-name", "not supported yet", nullptr,
        refuse("TLS is not supported yet; leave the flag away"));
    add_tls(app);
    add_runtime(app, options);
}

void add_spu_limits(CLI::App& app, Options& options) {
    const auto is_size = [](const std::string& text) -> Result<void> {
        WEIR_CHECK(parse_size_bytes(text));
        return {};
    };
    add(app, "--segment-size", "bytes of batches in a segment (1Gi)", nullptr,
        set_size(options.spu.log.segment_size_bytes_max));
    add(app, "--index-max-interval-bytes", "distance of the entries of the sparse index",
        "FLV_LOG_INDEX_MAX_INTERVAL_BYTES", set_size(options.spu.log.index_interval_bytes));
    add(app, "--log-size", "has no effect; limit topics by their retention", "FLV_LOG_SIZE",
        note_unused(options, "--log-size", is_size));
    add(app, "--index-max-bytes", "has no effect; the index grows with its segment",
        "FLV_LOG_INDEX_MAX_BYTES", note_unused(options, "--index-max-bytes", is_size));
    add(app, "--peer-max-bytes", "has no effect before replication", "FLV_PEER_MAX_BYTES",
        note_unused(options, "--peer-max-bytes", is_size));
    add(app, "--smart-engine-max-memory", "has no effect before SmartModules",
        "FLV_SMART_ENGINE_MAX_MEMORY_BYTES",
        note_unused(options, "--smart-engine-max-memory", is_size));
}

void add_spu(CLI::App& root, Options& options, bool& id_given) {
    CLI::App& app = *root.add_subcommand("spu", "run a Streaming Processing Unit");
    app.callback([&options] { options.command = Command::spu; });
    options.spu.log_base_dir = "/var/lib/fluvio/data";
    const Setter set_id = set_spu_id(options.spu.id);
    add(app, "-i,--id", "the SPU's id, as registered with the SC", "FLV_SPU_ID",
        [set_id, &id_given](const std::string& text) -> Result<void> {
            WEIR_CHECK(set_id(text));
            id_given = true;
            return {};
        });
    add(app, "-p,--public-server", "address for clients (0.0.0.0:9005)", nullptr,
        set_address(options.spu.public_bind));
    add(app, "-v,--private-server", "address for other SPUs (0.0.0.0:9006)", nullptr,
        set_address(options.spu.private_bind));
    add(app, "--sc-addr", "the SC's private address (localhost:9004)", "FLV_SC_PRIVATE_HOST",
        set_sc_address(options.spu.sc_private));
    add(app, "--log-base-dir", "where the partitions are kept (/var/lib/fluvio/data)",
        "FLV_LOG_BASE_DIR", set_text(options.spu.log_base_dir));
    add(app, "--sync-us-max", "how long a group commit waits for others to join (200)", nullptr,
        set_duration(options.spu.log.commit_gather_max, 1'000));
    app.add_flag("--sync-on-shard", options.real.sync_on_shard,
                 "sync on the serving thread: lower latency for a lone producer");
    add_spu_limits(app, options);
    add_tls(app);
    add_runtime(app, options);
}

// SPU_INDEX = "name-<n>" and SPU_MIN, as the chart of Fluvio sets them.
Result<std::optional<SpuId>> spu_id_of_pod() {
    const char* index_text = std::getenv("SPU_INDEX");
    if (index_text == nullptr) {
        return std::optional<SpuId>();
    }
    const std::string_view index(index_text);
    const std::size_t dash = index.rfind('-');
    WEIR_TRY(const std::int32_t number,
             parse_number<std::int32_t>(dash == std::string_view::npos ? index
                                                                       : index.substr(dash + 1)));
    std::int32_t lowest = 0;
    if (const char* min_text = std::getenv("SPU_MIN"); min_text != nullptr) {
        WEIR_TRY(lowest, parse_number<std::int32_t>(min_text));
    }
    return std::optional<SpuId>(SpuId(lowest + number));
}

Result<void> finish_spu(Options& options, bool id_given) {
    if (!id_given) {
        WEIR_TRY(const std::optional<SpuId> id, spu_id_of_pod());
        if (!id.has_value()) {
            return fail(ErrorCode::invalid_argument,
                        "spu: which one is it? Give --id, FLV_SPU_ID or SPU_INDEX");
        }
        options.spu.id = *id;
    }
    options.real.disk_root = options.spu.log_base_dir;
    options.spu.log_base_dir = ".";
    return {};
}

// The variables that decide how a server runs have one of these beginnings.
constexpr std::array<std::string_view, 3> kVariablePrefixes = {"FLV_", "SPU_", "WEIR_"};

std::vector<std::pair<std::string, std::string>> read_variables() {
    std::vector<std::pair<std::string, std::string>> variables;
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = std::min(text.find('='), text.size() - 1);
        for (const std::string_view prefix : kVariablePrefixes) {
            if (text.starts_with(prefix)) {
                variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
            }
        }
    }
    return variables;
}

}  // namespace

Result<std::uint64_t> parse_size_bytes(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    WEIR_TRY(const std::uint64_t count, parse_number<std::uint64_t>(text.substr(0, digits)));
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 14> kUnits{{
        {"", 1},
        {"B", 1},
        {"K", 1'000},
        {"KB", 1'000},
        {"M", 1'000'000},
        {"MB", 1'000'000},
        {"G", 1'000'000'000},
        {"GB", 1'000'000'000},
        {"Ki", 1U << 10},
        {"KiB", 1U << 10},
        {"Mi", 1U << 20},
        {"MiB", 1U << 20},
        {"Gi", 1U << 30},
        {"GiB", 1U << 30},
    }};
    for (const auto& [name, factor] : kUnits) {
        if (name == text.substr(digits)) {
            if (count > std::numeric_limits<std::uint64_t>::max() / factor) {
                break;
            }
            return count * factor;
        }
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is not a size such as 4096, 64Mi or 10Gi", text));
}

Parsed parse_options(int argc, const char* const* argv) {
    Parsed parsed;
    Options options;
    bool id_given = false;
    CLI::App app("The servers of a Weir cluster.");
    app.require_subcommand(1);
    add_sc(app, options);
    add_spu(app, options, id_given);
    add_repair(app, options);
    app.add_subcommand("metadata", "describe this program as JSON")->callback([&options] {
        options.command = Command::metadata;
    });
    app.add_subcommand("version", "print the version")->callback([&options] {
        options.command = Command::version;
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        parsed.exit_status = app.exit(error, out, out) == 0 ? 0 : 2;
        parsed.text = out.str();
        return parsed;
    }
    options.sc.metadata_dir = ".";
    if (options.command == Command::spu) {
        const Result<void> finished = finish_spu(options, id_given);
        if (!finished.has_value()) {
            parsed.text = finished.error().context + "\n";
            parsed.exit_status = 2;
            return parsed;
        }
    }
    options.launch.program =
        fmt::format("weir-run " WEIR_VERSION ", commit {}", app::program_commit());
    options.launch.arguments.assign(argv, argv + argc);
    options.launch.environment = read_variables();
    parsed.options = std::move(options);
    return parsed;
}

Parsed parse_launch(const record::Launch& launch) {
    for (const auto& [name, value] : read_variables()) {
        ::unsetenv(name.c_str());
    }
    for (const auto& [name, value] : launch.environment) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<const char*> argv;
    argv.reserve(launch.arguments.size());
    for (const std::string& argument : launch.arguments) {
        argv.push_back(argument.c_str());
    }
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

}  // namespace weir::run
