#include "sim-scenarios/scenario.h"

#include "sim-scenarios/scenario_words.h"
#include "sim-scenarios/table_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::uint64_t kLostPerMilleMax = 500;

class Parser {
public:
    Parser(const toml::table& root, std::string_view source) : root_(root), source_(source) {}

    Result<Scenario> parse() {
        TableReader top(root_, "", source_, error_);
        top.text("name", scenario_.name);
        top.text("summary", scenario_.summary);
        section(top, "run", &Parser::run);
        section(top, "topology", &Parser::topology);
        section(top, "network", &Parser::network);
        list(top, "links", &Parser::link);
        section(top, "disk", &Parser::disk);
        list(top, "disks", &Parser::one_disk);
        section(top, "checks", &Parser::checks);
        section(top, "storage", &Parser::storage);
        section(top, "replication", &Parser::replication);
        section(top, "workload", &Parser::workload);
        section(top, "swarm", &Parser::swarm);
        section(top, "points", &Parser::points);
        list(top, "topics", &Parser::topic);
        list(top, "faults", &Parser::fault);
        list(top, "plan", &Parser::planned);
        top.finish();
        if (error_.has_value()) {
            return fail(*std::move(error_));
        }
        WEIR_CHECK(check());
        return std::move(scenario_);
    }

private:
    // What no single table can tell.
    Result<void> check() const {
        if (scenario_.name.empty() || scenario_.topics.empty()) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("{}: a scenario needs a name and at least one [[topics]]", source_));
        }
        if (scenario_.spu_count == 0 || scenario_.client_count == 0) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("{}: topology.spus and topology.clients must be above 0", source_));
        }
        if (scenario_.has_fault(FaultKind::second_sc) &&
            scenario_.has_fault(FaultKind::store_restored)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{}: the store that a second_sc reaches is on no disk, and has "
                                    "no backup",
                                    source_));
        }
        for (const FaultSpec& spec : scenario_.faults) {
            const bool whole_disk =
                spec.kind == FaultKind::wipe || spec.kind == FaultKind::sync_lie;
            const bool replicated =
                std::any_of(scenario_.topics.begin(), scenario_.topics.end(),
                            [](const TopicPlan& topic) { return topic.replication_factor > 1; });
            if (spec.kind == FaultKind::sync_lie && replicated) {
                return fail(ErrorCode::invalid_argument,
                            fmt::format("{}: sync_lie does not go with replicas: nobody could tell "
                                        "what a disk has lost that lies",
                                        source_));
            }
            if (whole_disk && scenario_.workload.admin_interval.has_value()) {
                return fail(ErrorCode::invalid_argument,
                            fmt::format("{}: {} does not go with workload.admin_interval: nobody "
                                        "knows where topics that come and go are",
                                        source_, to_string(spec.kind)));
            }
        }
        return {};
    }

    using Section = void (Parser::*)(TableReader&);

    void section(TableReader& top, std::string_view key, Section read) {
        const toml::node* node = top.find(key);
        if (node == nullptr) {
            return;
        }
        const toml::table* table = node->as_table();
        if (table == nullptr) {
            top.refuse(*node, fmt::format("{} must be a table: [{}]", key, key));
            return;
        }
        TableReader reader(*table, std::string(key) + ".", source_, error_);
        (this->*read)(reader);
        reader.finish();
    }

    void list(TableReader& top, std::string_view key, Section read) {
        const toml::node* node = top.find(key);
        if (node == nullptr) {
            return;
        }
        const toml::array* tables = node->as_array();
        if (tables == nullptr) {
            top.refuse(*node, fmt::format("{} must be a list of tables: [[{}]]", key, key));
            return;
        }
        for (const toml::node& entry : *tables) {
            const toml::table* table = entry.as_table();
            if (table == nullptr) {
                top.refuse(entry, fmt::format("{} must be a list of tables: [[{}]]", key, key));
                return;
            }
            TableReader reader(*table, std::string(key) + ".", source_, error_);
            (this->*read)(reader);
            reader.finish();
        }
    }

    void run(TableReader& reader) {
        reader.duration("duration", scenario_.duration);
        reader.duration("settle", scenario_.settle);
        reader.word("heal", scenario_.heal, heal_from, "always, never, any");
        reader.number("events_max", scenario_.events_max);
        reader.word("chooser", scenario_.chooser, chooser_from,
                    "random, fifo, priority, delay, machine, any");
        reader.range("depth", scenario_.chooser.depth);
    }
    void topology(TableReader& reader) {
        reader.number("spus", scenario_.spu_count);
        reader.number("clients", scenario_.client_count);
        reader.number("racks", scenario_.rack_count);
    }
    void network(TableReader& reader) { read_link(reader, scenario_.network); }
    static void read_link(TableReader& reader, LinkPlan& link) {
        reader.range("latency", link.latency);
        reader.range("jitter", link.jitter);
        reader.duration("tail", link.tail);
        reader.number("ns_per_kib", link.ns_per_kib);
        reader.range("buffer", link.buffer_bytes);
        reader.number("lost_per_mille", link.lost_per_mille);
        if (link.lost_per_mille > kLostPerMilleMax) {
            reader.refuse_table(
                fmt::format("at most {} of a thousand messages may be lost", kLostPerMilleMax));
        }
    }
    void link(TableReader& reader) {
        NamedLink link;
        link.link = scenario_.network;
        machine(reader, "from", link.ends[0]);
        machine(reader, "to", link.ends[1]);
        read_link(reader, link.link);
        scenario_.links.push_back(std::move(link));
    }
    void disk(TableReader& reader) { read_disk(reader, scenario_.disk); }
    static void read_disk(TableReader& reader, DiskPlan& disk) {
        reader.number("capacity", disk.capacity_bytes);
        reader.range("sync", disk.sync_time);
        reader.range("access", disk.access_time);
        reader.number("ns_per_kib", disk.ns_per_kib);
    }
    void one_disk(TableReader& reader) {
        NamedDisk disk;
        disk.disk = scenario_.disk;
        machine(reader, "of", disk.machine);
        read_disk(reader, disk.disk);
        scenario_.disks.push_back(std::move(disk));
    }
    // A role, or a role and a number.
    void machine(TableReader& reader, std::string_view key, std::string& name) {
        const auto exists = [this](std::string_view word) -> std::optional<std::string> {
            const bool known = word == "sc" || is_one_of(word, "spu", scenario_.spu_count) ||
                               is_one_of(word, "client", scenario_.client_count);
            return known ? std::optional<std::string>(word) : std::nullopt;
        };
        if (reader.find(key) == nullptr) {
            reader.refuse_table(fmt::format("{} is missing", key));
            return;
        }
        reader.word(key, name, exists, "sc, spu, client, or one of them such as spu-0");
    }
    void checks(TableReader& reader) {
        reader.duration("convergence", scenario_.convergence);
        reader.number("memory", scenario_.memory_bytes_max);
    }
    void storage(TableReader& reader) {
        reader.word("durability", scenario_.durability, durability_from, "fsync, bounded, async");
        reader.range("segment", scenario_.segment_bytes);
        reader.range("index_interval", scenario_.index_interval_bytes);
        reader.range("preallocate", scenario_.preallocate_bytes);
        reader.range("checkpoint_interval", scenario_.checkpoint_interval_bytes);
        reader.range("tail_cache", scenario_.tail_cache_bytes);
    }
    void replication(TableReader& reader) {
        reader.number("min_live", scenario_.min_live);
        reader.word("unclean_policy", scenario_.unclean_policy, policy_from, "never, balanced");
        reader.boolean("strict_reads", scenario_.strict_reads);
        reader.range("chunk", scenario_.chunk_bytes);
    }
    void workload(TableReader& reader) {
        WorkloadPlan& plan = scenario_.workload;
        reader.number("producers", plan.producer_count);
        reader.range("records_per_second", plan.records_per_second);
        reader.range("record_size", plan.record_size_bytes);
        reader.range("burst", plan.burst);
        reader.number("committed_consumers", plan.committed_consumer_count);
        reader.number("uncommitted_consumers", plan.uncommitted_consumer_count);
        reader.range("session", plan.session);
        reader.duration("poll_interval", plan.poll_interval);
        interval(reader, "admin_interval", plan.admin_interval);
        reader.number("churn_replicas", plan.churn_replicas);
        interval(reader, "deletion_interval", plan.deletion_interval);
        interval(reader, "update_interval", plan.update_interval);
        interval(reader, "smartmodule_interval", plan.smartmodule_interval);
        reader.boolean("compression", plan.compression);
        reader.boolean("leader_acks", plan.leader_acks);
        reader.number("offset_consumers", plan.offset_consumer_count);
        reader.number("fetch_consumers", plan.fetch_consumer_count);
        interval(reader, "status_interval", plan.status_interval);
        interval(reader, "moves_interval", plan.moves_interval);
        interval(reader, "admission_delay", plan.admission_delay);
    }
    static void interval(TableReader& reader, std::string_view key,
                         std::optional<Duration>& interval) {
        Duration read;
        reader.duration(key, read);
        if (read.ns() > 0) {
            interval = read;
        }
    }
    void swarm(TableReader& reader) {
        reader.boolean("families", scenario_.swarm_families);
        reader.boolean("tiny", scenario_.swarm_tiny);
    }
    void points(TableReader& reader) { reader.boolean("enabled", scenario_.points); }
    void topic(TableReader& reader) {
        TopicPlan topic;
        reader.text("name", topic.name);
        reader.number("partitions", topic.partition_count);
        reader.number("replicas", topic.replication_factor);
        std::uint64_t size = 0;
        reader.number("partition_size_max", size);
        if (size != 0) {
            topic.partition_size_bytes_max = size;
        }
        Duration retention;
        reader.duration("retention", retention);
        if (retention.ns() > 0) {
            topic.retention_time = retention;
        }
        std::uint32_t segment = 0;
        reader.number("segment", segment);
        if (segment != 0) {
            topic.segment_bytes = segment;
        }
        scenario_.topics.push_back(std::move(topic));
    }
    void fault(TableReader& reader) {
        FaultSpec spec;
        reader.word("kind", spec.kind, fault_kind_from, fault_kind_names());
        reader.word("target", spec.target, role_from, "sc, spu, client, rack");
        reader.word("peer", spec.peer, role_from, "sc, spu, client, rack");
        reader.range("count", spec.count);
        reader.range("lasts", spec.lasts);
        LossMode loss = LossMode::all;
        if (reader.find("loss") != nullptr) {
            reader.word("loss", loss, loss_from, "all, none, prefix, sectors");
            spec.loss = loss;
        }
        check_rack(reader, spec.kind, spec.target, spec.peer);
        if (of_link(spec.kind) && spec.target == spec.peer && machine_count(spec.target) == 1) {
            refuse_link_to_itself(reader, spec.kind);
        }
        if (over_budget(spec.kind) && spec.target != Role::spu) {
            reader.refuse_table(fmt::format("{} needs target = \"spu\"", to_string(spec.kind)));
        }
        if (of_store(spec.kind) && spec.target != Role::sc) {
            reader.refuse_table(fmt::format("{} needs target = \"sc\"", to_string(spec.kind)));
        }
        scenario_.faults.push_back(spec);
    }

    void check_rack(TableReader& reader, FaultKind kind, Role target, Role peer) {
        if (target != Role::rack && peer != Role::rack) {
            return;
        }
        if (scenario_.rack_count == 0) {
            reader.refuse_table("a fault of a rack needs topology.racks");
        }
        if (of_cluster(kind) || over_budget(kind) || of_store(kind)) {
            reader.refuse_table(fmt::format("{} hits no rack", to_string(kind)));
        }
    }

    std::uint32_t machine_count(Role role) const {
        switch (role) {
            case Role::sc: return 1;
            case Role::spu: return scenario_.spu_count;
            case Role::client: return scenario_.client_count;
            case Role::rack: return scenario_.rack_count;
        }
        return 0;
    }
    static void refuse_link_to_itself(TableReader& reader, FaultKind kind) {
        reader.refuse_table(
            fmt::format("{} needs two machines, and its target is its peer: another "
                        "peer, or more machines",
                        to_string(kind)));
    }
    void check_planned_machines(TableReader& reader, const Fault& fault) {
        const bool by_leader =
            fault.target_index >= kLeaderIndex || fault.peer_index >= kLeaderIndex;
        const bool are_spus = (fault.target_index < kLeaderIndex || fault.target == Role::spu) &&
                              (fault.peer_index < kLeaderIndex || fault.peer == Role::spu);
        if (by_leader && !are_spus) {
            reader.refuse_table("leader, follower and other are SPUs");
        }
        const std::uint32_t count = machine_count(fault.target);
        if (!of_link(fault.kind) || fault.target != fault.peer || count == 0) {
            return;
        }
        // Who leads shows only later.
        const bool is_known =
            (fault.target_index >= kLeaderIndex) == (fault.peer_index >= kLeaderIndex);
        if (count == 1 || (is_known && fault.target_index % count == fault.peer_index % count)) {
            refuse_link_to_itself(reader, fault.kind);
        }
    }

    void planned(TableReader& reader) {
        Fault fault;
        std::uint64_t argument = scenario_.plan.size();
        reader.number("argument", argument);
        fault.argument = argument;
        reader.word("kind", fault.kind, fault_kind_from, fault_kind_names());
        reader.word("target", fault.target, role_from, "sc, spu, client, rack");
        reader.word("peer", fault.peer, role_from, "sc, spu, client, rack");
        const std::string_view parts = "leader, follower, other, or the number of a machine";
        reader.word("which", fault.target_index, machine_from, parts);
        reader.word("which_peer", fault.peer_index, machine_from, parts);
        reader.duration("at", fault.at);
        reader.duration("lasts", fault.lasts);
        reader.word("loss", fault.loss, loss_from, "all, none, prefix, sectors");
        check_rack(reader, fault.kind, fault.target, fault.peer);
        check_planned_machines(reader, fault);
        if (over_budget(fault.kind) && fault.kind != FaultKind::wipe) {
            reader.refuse_table(fmt::format("{} cannot be planned", to_string(fault.kind)));
        }
        scenario_.plan.push_back(fault);
    }

    const toml::table& root_;
    std::string_view source_;
    std::optional<Error> error_;
    Scenario scenario_;
};

}  // namespace

Duration Scenario::sync_time_max() const {
    Duration most = disk.sync_time.high;
    for (const NamedDisk& one : disks) {
        most = std::max(most, one.disk.sync_time.high);
    }
    return most;
}

Result<Scenario> parse_scenario(std::string_view text, std::string_view source) {
    const toml::parse_result parsed = toml::parse(text, source);
    if (!parsed) {
        const toml::source_position at = parsed.error().source().begin;
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("{}:{}:{}: {}", source, at.line, at.column, parsed.error().description()));
    }
    WEIR_TRY(Scenario scenario, Parser(parsed.table(), source).parse());
    scenario.text = text;
    return scenario;
}

Result<Scenario> load_builtin(std::string_view name) {
    for (const BuiltinScenario& builtin : builtin_scenarios()) {
        if (builtin.name == name) {
            return parse_scenario(builtin.text, std::string(name) + ".toml");
        }
    }
    return fail(ErrorCode::not_found, fmt::format("no scenario is named '{}'", name));
}

}  // namespace weir::sim
