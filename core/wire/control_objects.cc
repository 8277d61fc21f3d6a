#include "core/wire/control_objects.h"

#include "core/wire/object_fields.h"

namespace weir::wire {

template <typename T>
Result<T> decode_object(Reader& reader, Version version) {
    detail::Decoder decoder(reader, version);
    T value;
    decoder(value);
    return decoder.finish(std::move(value));
}

template <typename T>
void encode_object(Writer& writer, const T& value, Version version) {
    detail::Encoder encoder(writer, version);
    encoder(value);
}

#define WEIR_WIRE_OBJECT(T)                                \
    template Result<T> decode_object<T>(Reader&, Version); \
    template void encode_object<T>(Writer&, const T&, Version)
WEIR_WIRE_OBJECTS(WEIR_WIRE_OBJECT);
#undef WEIR_WIRE_OBJECT

}  // namespace weir::wire
