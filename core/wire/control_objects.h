// Specs and statuses of the metadata objects on the wire (control-plane spec 4).
//
// Encoding drops or translates what the version does not know: gated fields, PartitionResolution 4
// below 19, MirrorPairStatus 5 below 17. Decoding gives gated fields their defaults. Encoding
// asserts what a peer could never read back (strings above kStringSizeMax): check text that users
// gave before it gets here.
#pragma once

#include "core/model/mirror.h"
#include "core/model/object.h"
#include "core/model/partition.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"
#include "core/wire/codec.h"

namespace weir::wire {

// The version in which the SC's own storage and protocol encode objects; all gates are open.
inline constexpr Version kObjectVersion = 19;

// T is one of the Spec and Status types above, or Object<Spec>.
template <typename T>
Result<T> decode_object(Reader& reader, Version version);
template <typename T>
void encode_object(Writer& writer, const T& value, Version version);

#define WEIR_WIRE_OBJECT(T)                                       \
    extern template Result<T> decode_object<T>(Reader&, Version); \
    extern template void encode_object<T>(Writer&, const T&, Version)
#define WEIR_WIRE_OBJECTS(EACH) \
    EACH(TopicSpec);            \
    EACH(TopicStatus);          \
    EACH(PartitionSpec);        \
    EACH(PartitionStatus);      \
    EACH(SpuSpec);              \
    EACH(SpuStatus);            \
    EACH(CustomSpuSpec);        \
    EACH(SpuGroupSpec);         \
    EACH(SpuGroupStatus);       \
    EACH(SmartModuleSpec);      \
    EACH(SmartModuleStatus);    \
    EACH(TableFormatSpec);      \
    EACH(TableFormatStatus);    \
    EACH(MirrorSpec);           \
    EACH(MirrorStatus);         \
    EACH(TopicObject);          \
    EACH(PartitionObject);      \
    EACH(SpuObject);            \
    EACH(CustomSpuObject);      \
    EACH(SpuGroupObject);       \
    EACH(SmartModuleObject);    \
    EACH(TableFormatObject);    \
    EACH(MirrorObject)
WEIR_WIRE_OBJECTS(WEIR_WIRE_OBJECT);
#undef WEIR_WIRE_OBJECT

}  // namespace weir::wire
