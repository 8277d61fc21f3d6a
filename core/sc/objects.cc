#include "core/sc/objects.h"

#include "core/base/mutant.h"
#include "core/model/smartmodule_name.h"
#include "core/sc/records.h"
#include "core/sc/status.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;

ApiError not_found_smartmodule(const std::string& name) {
    return ApiError::with_text(ErrorTag::smartmodule_not_found, name);
}

wire::Status mirror_failed(const std::string& name, const Error& error) {
    return status_error(name, ApiError::other(to_string(error)), to_string(error));
}

// Names become keys of the store and are shown to people; more is not asked of these kinds.
std::optional<std::string> check_object_name(const std::string& name) {
    constexpr std::size_t kNameSizeMax = 255;
    if (name.empty() || name.size() > kNameSizeMax) {
        return fmt::format("a name has 1 to {} bytes", kNameSizeMax);
    }
    return std::nullopt;
}

}  // namespace

Objects::Objects(Context& context, const Spus& spus)
    : context_(context), spus_(spus), log_(context.env.log, "sc.objects") {}

template <typename Table, typename Spec>
Task<Result<void>> Objects::put(Table* table, RecordKind kind, std::string name, Spec spec) {
    std::vector<Mutation> mutations(1);
    mutations.front().key.kind = kind;
    mutations.front().key.name = name;
    mutations.front().value = encode_spec_record(spec);
    WEIR_CO_CHECK(co_await context_.store.commit(std::move(mutations)));
    Object<Spec> object;
    object.name = name;
    object.spec = std::move(spec);
    table->put(std::move(object), NoExtra());
    context_.catalog.notify();
    WEIR_LOG(log_, info, "{} {} stored", label(Spec::kKind), name);
    co_return Result<void>();
}

template <typename Table>
Task<Result<void>> Objects::erase(Table* table, RecordKind kind, std::string name) {
    std::vector<Mutation> mutations(1);
    mutations.front().key.kind = kind;
    mutations.front().key.name = name;
    WEIR_CO_CHECK(co_await context_.store.commit(std::move(mutations)));
    table->remove(name);
    context_.catalog.notify();
    WEIR_LOG(log_, info, "object {} deleted", name);
    co_return Result<void>();
}

// An SPU that goes away meanwhile is not waited for; one that comes is: its first list has the
// module.
Task<wire::Status> Objects::wait_known(std::string name, std::uint64_t epoch, Duration limit,
                                       CancelToken token) {
    Clock& clock = context_.env.clock;
    Deadline deadline(clock, clock.now() + limit, token);
    SpuSet missing = spus_.without_smartmodules(epoch);
    while (!missing.empty()) {
        const Result<void> waited = co_await context_.catalog.changed().wait(deadline.token());
        missing = spus_.without_smartmodules(epoch);
        if (!waited.has_value() && !missing.empty()) {
            co_return status_error(name, ErrorTag::smartmodule_error,
                                   fmt::format("stored, but after {} ms not known yet at spu {}",
                                               limit.ms(), missing.front().value()));
        }
    }
    co_return status_ok(name);
}

Task<wire::Status> Objects::create_smartmodule(wire::CreateRequest request, CancelToken token) {
    const Duration limit = request.timeout_ms.has_value() ? Duration::from_ms(*request.timeout_ms)
                                                          : context_.config.topic_wait;
    std::string name = request.name;
    SmartModuleSpec spec = std::get<SmartModuleSpec>(std::move(request.spec));
    if (spec.meta.has_value()) {
        const SmartModulePackage& package = spec.meta->package;
        if (package.name.empty() || package.group.empty()) {
            co_return status_error(name, ErrorTag::smartmodule_error,
                                   "invalid SmartModule package");
        }
        name = fmt::format("{}-{}-{}", package.name, package.group, package.version);
    }
    if (const auto reason = check_object_name(name)) {
        co_return status_error(wire::cut_text(name), ErrorTag::smartmodule_error, *reason);
    }
    std::uint64_t epoch = 0;
    {
        const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
        Result<void> stored = Result<void>();
        if (guard.has_value()) {
            stored = co_await put(&context_.catalog.smartmodules, RecordKind::smartmodule, name,
                                  std::move(spec));
        } else {
            stored = fail(guard.error());
        }
        if (!stored.has_value()) {
            co_return status_error(name, ErrorTag::smartmodule_error, to_string(stored.error()));
        }
        epoch = context_.catalog.smartmodules.find(name)->epoch;
    }
    if (mutant(Mutant::smartmodule_not_awaited)) {
        co_return status_ok(name);
    }
    co_return co_await wait_known(std::move(name), epoch, limit, token);
}

Task<wire::Status> Objects::create_table_format(wire::CreateRequest request) {
    const std::string name = request.name;
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::table_format_error, to_string(guard.error()));
    }
    if (context_.catalog.table_formats.find(name) != nullptr) {
        co_return status_error(name, ErrorTag::table_format_already_exists,
                               fmt::format("tableformat '{}' already defined", name));
    }
    if (const auto reason = check_object_name(name)) {
        co_return status_error(wire::cut_text(name), ErrorTag::table_format_error, *reason);
    }
    TableFormatSpec spec = std::get<TableFormatSpec>(std::move(request.spec));
    const Result<void> stored = co_await put(&context_.catalog.table_formats,
                                             RecordKind::table_format, name, std::move(spec));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::table_format_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

// Kept and served; it is for an orchestrator to start the SPUs of a group.
Task<wire::Status> Objects::create_spu_group(wire::CreateRequest request) {
    const std::string name = request.name;
    if (const auto reason = check_object_name(name)) {
        co_return status_error(wire::cut_text(name), ErrorTag::spu_error, *reason);
    }
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(guard.error()));
    }
    SpuGroupSpec spec = std::get<SpuGroupSpec>(std::move(request.spec));
    const Result<void> stored =
        co_await put(&context_.catalog.spu_groups, RecordKind::spu_group, name, std::move(spec));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

// Kept and served; nothing is mirrored. A home may be given again, with another address.
Task<wire::Status> Objects::create_mirror(wire::CreateRequest request) {
    const std::string name = request.name;
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return mirror_failed(name, guard.error());
    }
    const auto* known = context_.catalog.mirrors.find(name);
    if (known != nullptr && std::holds_alternative<RemoteMirror>(known->object.spec.type)) {
        co_return status_error(name, ErrorTag::mirror_already_exists,
                               fmt::format("remote cluster \"{}\" already exists", name));
    }
    if (const auto reason = check_object_name(name)) {
        co_return status_error(wire::cut_text(name), ApiError::other(*reason), *reason);
    }
    MirrorSpec spec = std::get<MirrorSpec>(std::move(request.spec));
    const Result<void> stored =
        co_await put(&context_.catalog.mirrors, RecordKind::mirror, name, std::move(spec));
    if (!stored.has_value()) {
        co_return mirror_failed(name, stored.error());
    }
    co_return status_ok(name);
}

Task<wire::Status> Objects::remove_smartmodule(std::string name) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::smartmodule_error, to_string(guard.error()));
    }
    // The plain name may be one that no qualified name can be.
    const std::string key = context_.catalog.smartmodules.find(name) != nullptr
                                ? name
                                : smartmodule_key(name).value_or(name);
    if (context_.catalog.smartmodules.find(key) == nullptr) {
        co_return status_error(name, not_found_smartmodule(name), "not found");
    }
    const Result<void> stored =
        co_await erase(&context_.catalog.smartmodules, RecordKind::smartmodule, key);
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::smartmodule_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

Task<wire::Status> Objects::remove_table_format(std::string name) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::table_format_error, to_string(guard.error()));
    }
    if (context_.catalog.table_formats.find(name) == nullptr) {
        co_return status_error(name, ErrorTag::table_format_not_found, "not found");
    }
    const Result<void> stored =
        co_await erase(&context_.catalog.table_formats, RecordKind::table_format, name);
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::table_format_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

Task<wire::Status> Objects::remove_spu_group(std::string name) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(guard.error()));
    }
    if (context_.catalog.spu_groups.find(name) == nullptr) {
        co_return status_error(name, ErrorTag::spu_not_found, "not found");
    }
    const Result<void> stored =
        co_await erase(&context_.catalog.spu_groups, RecordKind::spu_group, name);
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

Task<wire::Status> Objects::remove_mirror(std::string name) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return mirror_failed(name, guard.error());
    }
    if (context_.catalog.mirrors.find(name) == nullptr) {
        co_return status_error(name, ErrorTag::mirror_not_found,
                               fmt::format("remote cluster \"{}\" not found", name));
    }
    const Result<void> stored = co_await erase(&context_.catalog.mirrors, RecordKind::mirror, name);
    if (!stored.has_value()) {
        co_return mirror_failed(name, stored.error());
    }
    co_return status_ok(name);
}

}  // namespace weir::sc
