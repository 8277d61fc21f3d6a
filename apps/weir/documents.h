// Metadata objects as JSON documents, with the names and omissions of the reference's command line.
#pragma once

#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace weir::cli {

nlohmann::ordered_json to_document(const TopicObject& topic);
nlohmann::ordered_json to_document(const PartitionObject& partition);
nlohmann::ordered_json to_document(const SpuObject& spu);
nlohmann::ordered_json to_document(const SpuGroupObject& group);
// Without the code, of which a list knows only the size.
nlohmann::ordered_json to_document(const SmartModuleObject& module);
nlohmann::ordered_json to_document(const TableFormatObject& format);

template <typename T>
nlohmann::ordered_json to_documents(const std::vector<T>& objects) {
    nlohmann::ordered_json documents = nlohmann::ordered_json::array();
    for (const T& object : objects) {
        documents.push_back(to_document(object));
    }
    return documents;
}

// What an SC of Weir says beside the object.
nlohmann::ordered_json replication_of(const PartitionRecord& record);

// "Provisioned", "Online", ... as documents have them.
std::string name_of(TopicResolution resolution);
std::string name_of(PartitionResolution resolution);
std::string name_of(SpuResolution resolution);
// "Any", "Gzip", ...
std::string name_of(CompressionAlgorithm algorithm);
// "[5002, 5003]"
std::string list_of(const std::vector<SpuId>& spus);
std::string to_lower(std::string text);

}  // namespace weir::cli
