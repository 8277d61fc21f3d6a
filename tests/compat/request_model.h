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
    // By partition: the payloads of its batches, each of one record.
    std::vector<std::vector<Bytes>> logs;
};

struct RequestModel {
    std::map<std::string, ModelTopic> topics;
    std::set<std::string> table_formats;
    std::set<std::string> groups;
    std::set<std::string> modules;
    std::set<std::string> remotes;
    // By id.
    std::map<std::int32_t, std::string> spus;
    // "consumer topic-partition" to offset.
    std::map<std::string, std::int64_t> consumers;

    static std::string consumer_key(const std::string& consumer, const std::string& topic,
                                    std::uint32_t partition) {
        return consumer + " " + topic + "-" + std::to_string(partition);
    }

    // The error code of a request, after which the model has changed if it is 0.
    int create_topic(const std::string& name, bool computed, std::uint32_t partitions) {
        if (partitions == 0) {
            return topics.contains(name) ? 2002 : 2000;
        }
        if (topics.contains(name)) {
            return 2002;
        }
        topics[name].computed = computed;
        topics[name].logs.resize(partitions);
        return 0;
    }
    int register_spu(const std::string& name, std::int32_t id) {
        for (const auto& [known_id, known_name] : spus) {
            if (known_id == id || known_name == name) {
                return 1004;
            }
        }
        spus[id] = name;
        return 0;
    }
    int delete_spu(std::int32_t id) { return spus.erase(id) == 1 ? 0 : 1003; }
    int delete_spu(const std::string& name) {
        return std::erase_if(spus, [&](const auto& spu) { return spu.second == name; }) == 1 ? 0
                                                                                             : 1003;
    }
    int delete_topic(const std::string& name) {
        if (topics.erase(name) == 0) {
            return 2001;
        }
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
        if (!found->second.computed) {
            return 2008;
        }
        found->second.logs.resize(found->second.logs.size() + count);
        return 0;
    }
};

}  // namespace weir::test
