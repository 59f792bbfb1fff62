// A vhost-vdpa device that is not there: loaded into an unmodified QEMU with
// LD_PRELOAD, it answers for every path /dev/vhost-vdpa-*, so that QEMU runs
// its own memory listener, IOVA tree and shadow virtqueues, and logs what they
// do. In C: the kernel's headers that say the ioctls are not C++.
//
// Not for: a device that moves data. Kicks are never answered, so the guest's
// packets stay in its rings; a control virtqueue, which QEMU would wait for, is
// not offered.
//
// Invariants: every other file is left to the C library. Messages and ioctls
// get the results that a kernel gives when all goes well.
//
// Environment: IOVALAB_VDPA_LOG, a file that each message and ioctl of interest
// is appended to, a line each. IOVALAB_VDPA_IOVA_LAST, in hex: the last IOVA
// offered (default 0xffffffffffff).
//
// Meaning of the ioctls: linux/vhost.h and Linux 6.12 drivers/vhost/vdpa.c.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char kPrefix[] = "/dev/vhost-vdpa-";

enum { kMaxDevices = 16, kMaxLine = 256 };

struct Device {
  int fd_plus_1;  // 0: this one is free
  uint8_t status;
};
// QEMU opens and closes devices in one thread.
static struct Device devices[kMaxDevices];

static struct Device* Find(int fd) {
  for (int i = 0; fd >= 0 && i < kMaxDevices; ++i) {
    if (devices[i].fd_plus_1 == fd + 1) return &devices[i];
  }
  return NULL;
}

// One line, in one system call: other threads may write too.
__attribute__((format(printf, 1, 2))) static void Log(const char* format, ...) {
  static int log = -2;
  if (log == -2) {
    const char* path = getenv("IOVALAB_VDPA_LOG");
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    log = path ? (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0644) : -1;
  }
  if (log < 0) return;
  char line[kMaxLine];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  if (length < 0) return;
  if (length > kMaxLine - 2) length = kMaxLine - 2;
  line[length] = '\n';
  syscall(SYS_write, log, line, (size_t)length + 1);
}

// Each ioctl: what it answers with (`size` bytes of `value`), or `act`, or
// success alone.
struct Row {
  unsigned long request;
  size_t size;
  uint64_t value;
  void (*act)(struct Device* device, void* arg);
};

static void SetStatus(struct Device* device, void* arg) {
  device->status = *(const uint8_t*)arg;
  Log("ioctl SET_STATUS 0x%x", device->status);
}

static void GetStatus(struct Device* device, void* arg) {
  *(uint8_t*)arg = device->status;
}

static void SetFeatures(struct Device* device, void* arg) {
  (void)device;
  Log("ioctl SET_FEATURES 0x%llx", (unsigned long long)*(const uint64_t*)arg);
}

static void SetBackendFeatures(struct Device* device, void* arg) {
  (void)device;
  Log("ioctl SET_BACKEND_FEATURES 0x%llx",
      (unsigned long long)*(const uint64_t*)arg);
}

static void GetIovaRange(struct Device* device, void* arg) {
  (void)device;
  const char* last = getenv("IOVALAB_VDPA_IOVA_LAST");
  const struct vhost_vdpa_iova_range range = {
      .first = 0, .last = last ? strtoull(last, NULL, 16) : 0xffffffffffff};
  *(struct vhost_vdpa_iova_range*)arg = range;
}

static void GetConfig(struct Device* device, void* arg) {
  (void)device;
  struct vhost_vdpa_config* config = arg;
  const struct virtio_net_config net = {
      .mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
      .status = VIRTIO_NET_S_LINK_UP,
      .max_virtqueue_pairs = 1,
      .mtu = 1500};
  if (config->off >= sizeof net) return;
  const size_t rest = sizeof net - config->off;
  memcpy(config->buf, (const char*)&net + config->off,
         config->len < rest ? config->len : rest);
}

static void SetVringAddr(struct Device* device, void* arg) {
  (void)device;
  const struct vhost_vring_addr* a = arg;
  Log("ioctl SET_VRING_ADDR index=%u desc=0x%llx used=0x%llx avail=0x%llx",
      a->index, (unsigned long long)a->desc_user_addr,
      (unsigned long long)a->used_user_addr,
      (unsigned long long)a->avail_user_addr);
}

// VHOST_GET_VRING_BASE, VHOST_VDPA_GET_VRING_GROUP: nothing was consumed, and
// there is one group.
static void ZeroNum(struct Device* device, void* arg) {
  (void)device;
  ((struct vhost_vring_state*)arg)->num = 0;
}

static const struct Row kRows[] = {
    {VHOST_GET_FEATURES, 8,
     1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_ACCESS_PLATFORM |
         1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS |
         1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_MTU,
     NULL},
    {VHOST_SET_FEATURES, 0, 0, SetFeatures},
    {VHOST_SET_OWNER, 0, 0, NULL},
    {VHOST_GET_BACKEND_FEATURES, 8,
     1ull << VHOST_BACKEND_F_IOTLB_MSG_V2 |
         1ull << VHOST_BACKEND_F_IOTLB_BATCH |
         1ull << VHOST_BACKEND_F_IOTLB_ASID,
     NULL},
    {VHOST_SET_BACKEND_FEATURES, 0, 0, SetBackendFeatures},
    {VHOST_VDPA_GET_DEVICE_ID, 4, VIRTIO_ID_NET, NULL},
    {VHOST_VDPA_GET_STATUS, 0, 0, GetStatus},
    {VHOST_VDPA_SET_STATUS, 0, 0, SetStatus},
    {VHOST_VDPA_GET_VRING_NUM, 2, 256, NULL},
    {VHOST_VDPA_GET_IOVA_RANGE, 0, 0, GetIovaRange},
    {VHOST_VDPA_GET_CONFIG_SIZE, 4, sizeof(struct virtio_net_config), NULL},
    {VHOST_VDPA_GET_CONFIG, 0, 0, GetConfig},
    {VHOST_VDPA_SET_CONFIG, 0, 0, NULL},
    {VHOST_VDPA_SET_CONFIG_CALL, 0, 0, NULL},
    {VHOST_VDPA_GET_VQS_COUNT, 4, 2, NULL},
    {VHOST_VDPA_GET_GROUP_NUM, 4, 1, NULL},
    {VHOST_VDPA_GET_AS_NUM, 4, 1, NULL},
    {VHOST_VDPA_GET_VRING_GROUP, 0, 0, ZeroNum},
    {VHOST_VDPA_SET_GROUP_ASID, 0, 0, NULL},
    {VHOST_VDPA_SET_VRING_ENABLE, 0, 0, NULL},
    {VHOST_SET_VRING_ADDR, 0, 0, SetVringAddr},
    {VHOST_SET_VRING_NUM, 0, 0, NULL},
    {VHOST_SET_VRING_BASE, 0, 0, NULL},
    {VHOST_GET_VRING_BASE, 0, 0, ZeroNum},
    {VHOST_SET_VRING_KICK, 0, 0, NULL},
    {VHOST_SET_VRING_CALL, 0, 0, NULL},
};

static void LogMessage(const struct vhost_msg_v2* message) {
  static const char* const kTypes[] = {
      [VHOST_IOTLB_UPDATE] = "UPDATE",
      [VHOST_IOTLB_INVALIDATE] = "INVALIDATE",
      [VHOST_IOTLB_BATCH_BEGIN] = "BATCH_BEGIN",
      [VHOST_IOTLB_BATCH_END] = "BATCH_END",
  };
  const struct vhost_iotlb_msg* i = &message->iotlb;
  const int known =
      i->type < sizeof kTypes / sizeof *kTypes && kTypes[i->type] != NULL;
  Log("iotlb %s asid=%u iova=0x%llx size=0x%llx uaddr=0x%llx perm=%u",
      known ? kTypes[i->type] : "other", message->asid,
      (unsigned long long)i->iova, (unsigned long long)i->size,
      (unsigned long long)i->uaddr, i->perm);
}

// A descriptor where the path is one of ours; -1: it is not; -2: it is, and
// errno says why there is none.
static int Claim(const char* path) {
  if (!path || strncmp(path, kPrefix, sizeof kPrefix - 1) != 0) return -1;
  for (int i = 0; i < kMaxDevices; ++i) {
    if (devices[i].fd_plus_1 != 0) continue;
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return -2;
    devices[i] = (struct Device){.fd_plus_1 = fd + 1};
    Log("open %s", path);
    return fd;
  }
  errno = EBUSY;
  return -2;
}

// The library's own functions. open64 and open are one where off_t has 64 bits,
// as on x86-64; the _2 forms are _FORTIFY_SOURCE's, of an open without a mode.
static int OpenBelow(const char* path, int flags, mode_t mode) {
  const int fd = Claim(path);
  if (fd != -1) return fd < 0 ? -1 : fd;
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

static mode_t ModeOf(int flags, va_list args) {
  const int creates =
      (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return creates ? va_arg(args, mode_t) : 0;
}

int open(const char* path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const mode_t mode = ModeOf(flags, args);
  va_end(args);
  return OpenBelow(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const mode_t mode = ModeOf(flags, args);
  va_end(args);
  return OpenBelow(path, flags, mode);
}

int __open_2(const char* path, int flags) { return OpenBelow(path, flags, 0); }
int __open64_2(const char* path, int flags) {
  return OpenBelow(path, flags, 0);
}

int close(int fd) {
  struct Device* device = Find(fd);
  if (device) device->fd_plus_1 = 0;
  return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  if (!Find(fd)) return syscall(SYS_write, fd, data, size);
  if (size != sizeof(struct vhost_msg_v2)) {
    errno = EINVAL;
    return -1;
  }
  LogMessage(data);
  return (ssize_t)size;
}

int ioctl(int fd, unsigned long request, ...) {
  va_list args;
  va_start(args, request);
  void* arg = va_arg(args, void*);
  va_end(args);
  struct Device* device = Find(fd);
  if (!device) return (int)syscall(SYS_ioctl, fd, request, arg);
  for (size_t i = 0; i < sizeof kRows / sizeof *kRows; ++i) {
    const struct Row* row = &kRows[i];
    if (row->request != request) continue;
    if (row->act) {
      row->act(device, arg);
    } else if (row->size > 0) {
      memcpy(arg, &row->value, row->size);  // little-endian, as x86-64 is
    }
    return 0;
  }
  Log("ioctl 0x%lx: ENOTTY", request);
  errno = ENOTTY;
  return -1;
}
