// What a cluster must answer to a sequence of public requests, as plain containers: the objects by
// name and the payload of every batch by offset.
//
// Owned by one run of the property; no executor.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir::test {

struct ModelTopic {
    // Only then partitions can be added.
    bool computed = true;
    bool system = false;
    std::uint32_t replicas = 1;
    // By partition and offset: the payload of the batch that begins there; empty where none does.
    std::vector<std::vector<Bytes>> logs;

    // Of the batch that holds the record at `offset`.
    static std::int64_t base_of(const std::vector<Bytes>& log, std::int64_t offset) {
        while (offset > 0 && offset < static_cast<std::int64_t>(log.size()) &&
               log[static_cast<std::size_t>(offset)].empty()) {
            --offset;
        }
        return offset;
    }
};

struct RequestModel {
    std::map<std::string, ModelTopic> topics;
    std::set<std::string> table_formats;
    std::set<std::string> groups;
    std::set<std::string> modules;
    // Mirrors, and whether they are remotes: a home is replaced, a remote is not.
    std::map<std::string, bool> mirrors;
    // Topics at home, and the remotes that were added to each.
    std::map<std::string, std::set<std::string>> mirrored;
    // By id.
    std::map<std::int32_t, std::string> spus;
    // "consumer topic-partition" to offset.
    std::map<std::string, std::int64_t> consumers;

    static std::string consumer_key(const std::string& consumer, const std::string& topic,
                                    std::uint32_t partition) {
        return consumer + " " + topic + "-" + std::to_string(partition);
    }

    // The error code of a request, after which the model has changed if it is 0.
    int create_topic(const std::string& name, const ModelTopic& topic, bool dry_run) {
        if (topics.contains(name)) {
            return 2002;
        }
        if (topic.logs.empty()) {
            return 2000;
        }
        if (!dry_run) {
            topics[name] = topic;
        }
        return 0;
    }
    int create_mirror(const std::string& name, bool is_remote) {
        const auto known = mirrors.find(name);
        if (known != mirrors.end() && known->second) {
            return 11'002;
        }
        mirrors[name] = is_remote;
        return 0;
    }
    int add_mirror(const std::string& topic, const std::string& mirror) {
        const auto home = mirrored.find(topic);
        if (home == mirrored.end() && !topics.contains(topic)) {
            return 2001;
        }
        const auto known = mirrors.find(mirror);
        if (known == mirrors.end()) {
            return 11'001;
        }
        if (!known->second) {
            return 11'005;
        }
        if (home == mirrored.end()) {
            return 2000;
        }
        return home->second.insert(mirror).second ? 0 : 11'002;
    }
    int register_spu(const std::string& name, std::int32_t id, bool dry_run) {
        for (const auto& [known_id, known_name] : spus) {
            if (known_id == id || known_name == name) {
                return 1004;
            }
        }
        if (!dry_run) {
            spus[id] = name;
        }
        return 0;
    }
    int delete_spu(std::int32_t id) { return spus.erase(id) == 1 ? 0 : 1003; }
    int delete_spu(const std::string& name) {
        return std::erase_if(spus, [&](const auto& spu) { return spu.second == name; }) == 1 ? 0
                                                                                             : 1003;
    }
    int delete_topic(const std::string& name, bool force) {
        const auto found = topics.find(name);
        if (found == topics.end()) {
            return 2001;
        }
        if (found->second.system && !force) {
            return 12'001;
        }
        topics.erase(found);
        std::erase_if(consumers, [&](const auto& entry) {
            return entry.first.find(" " + name + "-") != std::string::npos;
        });
        return 0;
    }
    int add_partitions(const std::string& name, std::uint32_t count) {
        const auto found = topics.find(name);
        if (found == topics.end()) {
            return 2001;
        }
        if (found->second.system) {
            return 12'002;
        }
        if (!found->second.computed) {
            return 2008;
        }
        found->second.logs.resize(found->second.logs.size() + count);
        return 0;
    }
};

}  // namespace weir::test
