#ifndef IOVALAB_LAB_CONFORM_CONFORM_QEMU_TREE_H_
#define IOVALAB_LAB_CONFORM_CONFORM_QEMU_TREE_H_

// Recordings of QEMU's own trees (util/iova-tree.c; hw/virtio/vhost-iova-tree.c
// of 7.2 and 10.0), one call a line with its answer and the whole of every tree
// after it.
//
// Not for: users of conform (conform.h).

#include "lab/conform/conform_kind.h"

namespace iovalab {

extern const ConformKind kConformQemuTree;
extern const ConformKind kConformQemuVhostTree72;
extern const ConformKind kConformQemuVhostTree100;

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_QEMU_TREE_H_
