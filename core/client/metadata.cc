#include "core/client/metadata.h"

#include <utility>

namespace weir::client {
namespace {

// By control-plane spec 6.3: a full list replaces, else changes apply in order, else nothing. Names
// that are no keys would have been refused by the decoder's caller; here they end the update.
template <typename Key, typename Spec, typename ParseKey>
Result<void> apply_update(std::map<Key, Object<Spec>>& objects,
                          const wire::WatchUpdate<Spec>& update, ParseKey parse_key) {
    if (!update.all.empty()) {
        std::map<Key, Object<Spec>> fresh;
        for (const Object<Spec>& object : update.all) {
            WEIR_TRY(Key key, parse_key(object));
            fresh.insert_or_assign(std::move(key), object);
        }
        objects = std::move(fresh);
        return {};
    }
    for (const wire::Change<Spec>& change : update.changes) {
        WEIR_TRY(Key key, parse_key(change.object));
        switch (change.kind) {
            case wire::ChangeKind::update:
                objects.insert_or_assign(std::move(key), change.object);
                break;
            case wire::ChangeKind::remove: objects.erase(key); break;
        }
    }
    return {};
}

struct CountPartitions {
    std::uint32_t operator()(const AssignedReplicas& replicas) const {
        return static_cast<std::uint32_t>(replicas.maps.size());
    }
    std::uint32_t operator()(const ComputedReplicas& replicas) const {
        return replicas.partition_count;
    }
    std::uint32_t operator()(const MirrorReplicas& replicas) const {
        if (const auto* home = std::get_if<HomeMirrorConfig>(&replicas)) {
            return static_cast<std::uint32_t>(home->partitions.size());
        }
        return static_cast<std::uint32_t>(std::get<RemoteMirrorConfig>(replicas).home_spus.size());
    }
};

}  // namespace

std::uint32_t Metadata::partition_count(const std::string& topic) const {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) {
        return 0;
    }
    return std::visit(CountPartitions(), found->second.spec.replicas);
}

std::vector<std::uint32_t> Metadata::online_partitions(const std::string& topic) const {
    std::vector<std::uint32_t> online;
    ReplicaKey from;
    from.topic = topic;
    for (auto it = partitions_.lower_bound(from);
         it != partitions_.end() && it->first.topic == topic; ++it) {
        if (it->second.status.resolution == PartitionResolution::online) {
            online.push_back(it->first.partition);
        }
    }
    return online;
}

std::optional<SpuId> Metadata::leader(const ReplicaKey& key) const {
    const auto found = partitions_.find(key);
    if (found == partitions_.end()) {
        return std::nullopt;
    }
    return found->second.spec.leader;
}

std::optional<HostPort> Metadata::spu_address(SpuId id, SpuAddressKind kind) const {
    const auto found = spus_.find(id);
    if (found == spus_.end()) {
        return std::nullopt;
    }
    const SpuSpec& spec = found->second.spec;
    HostPort address;
    if (kind == SpuAddressKind::local_address && spec.public_endpoint_local.has_value()) {
        address.host = spec.public_endpoint_local->host;
        address.port = spec.public_endpoint_local->port;
        return address;
    }
    if (spec.public_endpoint.ingress.empty()) {
        return std::nullopt;
    }
    const IngressAddress& first = spec.public_endpoint.ingress.front();
    address.host = first.hostname.has_value() ? *first.hostname : first.ip.value_or("");
    address.port = spec.public_endpoint.port;
    if (address.host.empty()) {
        return std::nullopt;
    }
    return address;
}

Result<void> Metadata::apply(const wire::WatchResponse& response) {
    if (const auto* topics = std::get_if<wire::WatchUpdate<TopicSpec>>(&response.update)) {
        WEIR_CHECK(apply_update(topics_, *topics, [](const TopicObject& object) {
            return Result<std::string>(object.name);
        }));
        topics_seen_ = true;
    } else if (const auto* partitions =
                   std::get_if<wire::WatchUpdate<PartitionSpec>>(&response.update)) {
        WEIR_CHECK(apply_update(partitions_, *partitions, [](const PartitionObject& object) {
            return parse_replica_key(object.name);
        }));
        partitions_seen_ = true;
    } else if (const auto* spus = std::get_if<wire::WatchUpdate<SpuSpec>>(&response.update)) {
        WEIR_CHECK(apply_update(
            spus_, *spus, [](const SpuObject& object) { return Result<SpuId>(object.spec.id); }));
        spus_seen_ = true;
    } else {
        return fail(ErrorCode::malformed, "a watch answered with another kind of object");
    }
    ++version_;
    changed_.notify_all();
    partition_watches_.for_each([this](PartitionWatch& watch) { watch.compare(*this); });
    return {};
}

PartitionWatch::PartitionWatch(const Metadata& metadata, ReplicaKey key, CancelToken parent)
    : key_(std::move(key)), leader_source_(parent), state_source_(leader_source_.token()) {
    const auto found = metadata.partitions().find(key_);
    if (found != metadata.partitions().end()) {
        leader_ = found->second.spec.leader;
        resolution_ = found->second.status.resolution;
        live_replica_count_ = found->second.status.live_replica_count;
    }
    metadata.partition_watches_.push_back(*this);
}

void PartitionWatch::compare(const Metadata& metadata) {
    const auto found = metadata.partitions().find(key_);
    if (found == metadata.partitions().end()) {
        return;
    }
    const PartitionObject& now = found->second;
    if (now.spec.leader != leader_) {
        leader_changed_ = true;
        unlink();
        leader_source_.cancel();
    } else if (now.status.resolution != resolution_ ||
               now.status.live_replica_count != live_replica_count_) {
        state_source_.cancel();
    }
}

}  // namespace weir::client
