#include "core/sc/watch.h"

#include "core/base/mutant.h"
#include "core/sc/listing.h"
#include "core/wire/header.h"

#include <utility>

namespace weir::sc {

namespace {

template <typename Spec, typename Table>
class TableStream final : public WatchStream {
public:
    TableStream(Table& table, bool summary, wire::Version version, CorrelationId correlation_id)
        : watcher_(table), summary_(summary), version_(version), correlation_id_(correlation_id) {}

    bool behind() const override { return watcher_.behind(); }

    Bytes next_frame(Bytes into) override {
        const auto delta = watcher_.look();
        wire::WatchUpdate<Spec> update;
        update.epoch = static_cast<std::int64_t>(delta.epoch);
        for (const auto* removed : delta.removed) {
            if (mutant(Mutant::watch_misses_deletion)) {
                continue;
            }
            wire::Change<Spec> change;
            change.kind = wire::ChangeKind::remove;
            change.object = shown(removed->object);
            update.changes.push_back(std::move(change));
        }
        for (const auto* entry : delta.updated) {
            if (delta.full) {
                update.all.push_back(shown(entry->object));
                continue;
            }
            wire::Change<Spec> change;
            change.object = shown(entry->object);
            update.changes.push_back(std::move(change));
        }
        watcher_.advance();
        wire::WatchResponse response;
        response.update = std::move(update);
        wire::Writer writer(std::move(into));
        wire::begin_response(writer, correlation_id_);
        wire::encode(writer, response, version_);
        wire::finish_frame(writer);
        return std::move(writer).take();
    }

private:
    Object<Spec> shown(const Object<Spec>& object) const {
        if constexpr (std::is_same_v<Spec, SmartModuleSpec>) {
            return summary_ ? summarised(object) : object;
        } else {
            return object;
        }
    }

    typename Table::Watcher watcher_;
    bool summary_;
    wire::Version version_;
    CorrelationId correlation_id_;
};

template <typename Spec, typename Table>
std::unique_ptr<WatchStream> make(Table& table, const wire::WatchRequest& request,
                                  wire::Version version, CorrelationId correlation_id) {
    return std::make_unique<TableStream<Spec, Table>>(table, request.summary, version,
                                                      correlation_id);
}

}  // namespace

std::unique_ptr<WatchStream> make_watch_stream(Catalog& catalog, const wire::WatchRequest& request,
                                               wire::Version version,
                                               CorrelationId correlation_id) {
    switch (request.kind) {
        case ObjectKind::topic:
            return make<TopicSpec>(catalog.topics, request, version, correlation_id);
        case ObjectKind::spu: return make<SpuSpec>(catalog.spus, request, version, correlation_id);
        case ObjectKind::partition:
            return make<PartitionSpec>(catalog.partitions, request, version, correlation_id);
        case ObjectKind::smartmodule:
            return make<SmartModuleSpec>(catalog.smartmodules, request, version, correlation_id);
        case ObjectKind::spu_group:
            return make<SpuGroupSpec>(catalog.spu_groups, request, version, correlation_id);
        case ObjectKind::table_format:
            return make<TableFormatSpec>(catalog.table_formats, request, version, correlation_id);
        case ObjectKind::custom_spu:
        case ObjectKind::mirror: break;
    }
    // The decoder does not let these through.
    WEIR_ASSERT(false && "this kind cannot be watched");
    return nullptr;
}

}  // namespace weir::sc
