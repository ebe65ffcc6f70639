/* Lets the real libusb of an unmodified program talk to a simulated USB device without a kernel driver.
 *
 * Loaded with LD_PRELOAD, it turns every opened /dev/bus/usb/BBB/DDD into a USB/IP connection to the Unix socket that
 * USBFS_SIM names, and carries the usbfs ioctls of libusb's Linux backend over it. Enumeration (sysfs) comes from
 * umockdev-run, whose own preload library must follow this one.
 *
 * What the program spends here counts as its own time, so system calls are saved where usbfs would not need them either:
 * requests are sent when the program waits, and replies are received as many at once as there are.
 *
 * Not modelled: claims never fail, there is no kernel driver to detach, resets do nothing, no isochronous transfers.
 * Build: cc -O2 -fPIC -shared -o usbfs_preload.so usbfs_preload.c -ldl -lpthread */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_FD 4096
#define HEADER 48
enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_UNLINK = 4 };

/* A transfer that the program has submitted and not yet reaped. */
struct transfer {
  struct transfer *next;
  uint32_t sequence, unlink_sequence;
  struct usbdevfs_urb *urb;
  int is_in, data_offset, discarded;
};

struct device {
  /* The other side has hung up; all that it had sent has been reaped. */
  int hung_up, gone;
  uint32_t sequence, id;
  struct transfer *transfers;
  pthread_mutex_t lock;
  /* Threads that wait for this device in poll(). */
  int waiting;
  /* Requests that have not been sent yet. */
  uint8_t unsent[16384];
  size_t unsent_length;
  /* Replies that have been received and not yet reaped, and whether the socket held no more of them. */
  uint8_t received[16384];
  size_t received_from, received_to;
  int drained;
};

static struct device *devices[MAX_FD];

#define NEXT(result, name, ...)               \
  static result (*next_##name)(__VA_ARGS__);  \
  if (!next_##name) next_##name = dlsym(RTLD_NEXT, #name)

static struct device *device_of(int fd) { return fd >= 0 && fd < MAX_FD ? devices[fd] : NULL; }

static int fail(int code) {
  errno = code;
  return -1;
}

static uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value) {
  p[0] = value >> 24, p[1] = value >> 16, p[2] = value >> 8, p[3] = value;
}

static int receive_all(int fd, void *to, size_t length) {
  for (char *at = to; length > 0;) {
    ssize_t n = recv(fd, at, length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    at += n, length -= n;
  }
  return 0;
}

/* The same, beginning with what lies in the buffer. */
static int receive_more(int fd, struct device *device, void *to, size_t length) {
  size_t buffered = device->received_to - device->received_from;
  size_t first = length < buffered ? length : buffered;
  memcpy(to, device->received + device->received_from, first);
  device->received_from += first;
  return first == length ? 0 : receive_all(fd, (char *)to + first, length - first);
}

/* Fills the empty buffer; as recv(). */
static ssize_t receive_some(int fd, struct device *device, int wait) {
  if (device->drained && !device->hung_up && !wait) return fail(EAGAIN);
  ssize_t n = recv(fd, device->received, sizeof device->received, wait ? 0 : MSG_DONTWAIT);
  device->received_from = 0;
  device->received_to = n > 0 ? n : 0;
  device->drained = n > 0 && (size_t)n < sizeof device->received;
  return n;
}

static int send_all(int fd, const void *head, size_t head_length, const void *body, size_t body_length) {
  struct iovec parts[2] = {{(void *)head, head_length}, {(void *)body, body_length}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = body_length ? 2 : 1};
  while (message.msg_iovlen > 0) {
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    while (message.msg_iovlen > 0 && (size_t)n >= message.msg_iov->iov_len) {
      n -= message.msg_iov->iov_len;
      message.msg_iov++, message.msg_iovlen--;
    }
    if (message.msg_iovlen > 0) {
      message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + n;
      message.msg_iov->iov_len -= n;
    }
  }
  return 0;
}

static int send_held(int fd, struct device *device) {
  size_t length = device->unsent_length;
  device->unsent_length = 0;
  return length ? send_all(fd, device->unsent, length, NULL, 0) : 0;
}

/* Sends a request, or holds it back until the program waits; not when it does already, as nobody would send it then. */
static int send_request(int fd, struct device *device, const uint8_t *head, const void *data, size_t length) {
  if (device->unsent_length + HEADER + length > sizeof device->unsent && send_held(fd, device)) return -1;
  if (HEADER + length > sizeof device->unsent) return send_all(fd, head, HEADER, data, length);
  memcpy(device->unsent + device->unsent_length, head, HEADER);
  memcpy(device->unsent + device->unsent_length + HEADER, data, length);
  device->unsent_length += HEADER + length;
  return device->waiting ? send_held(fd, device) : 0;
}

/* Connects and imports the device with the bus id that belongs to this node. */
static int open_device(const char *path, int flags) {
  const char *target = getenv("USBFS_SIM");
  int bus = 0, number = 0;
  if (!target || sscanf(path, "/dev/bus/usb/%d/%d", &bus, &number) != 2) return fail(ENOENT);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, target, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0), 0);
  uint8_t request[40] = {0x01, 0x11, 0x80, 0x03}, reply[320];
  snprintf((char *)request + 8, 32, "%d-%d", bus, number - 1);
  if (fd < 0 || fd >= MAX_FD || connect(fd, (void *)&address, sizeof address) ||
      send_all(fd, request, sizeof request, NULL, 0) || receive_all(fd, reply, 8) || reply[7] ||
      receive_all(fd, reply, 312)) {
    if (fd >= 0) close(fd);
    return fail(ENODEV);
  }
  struct device *device = calloc(1, sizeof *device);
  device->sequence = 1;
  device->id = (uint32_t)bus << 16 | (uint32_t)number;
  pthread_mutex_init(&device->lock, NULL);
  devices[fd] = device;
  return fd;
}

#define DEFINE_OPEN(name)                                              \
  int name(const char *path, int flags, ...) {                         \
    NEXT(int, name, const char *, int, ...);                           \
    mode_t mode = 0;                                                   \
    if (flags & (O_CREAT | __O_TMPFILE)) {                             \
      va_list rest;                                                    \
      va_start(rest, flags);                                           \
      mode = va_arg(rest, mode_t);                                     \
      va_end(rest);                                                    \
    }                                                                  \
    if (!strncmp(path, "/dev/bus/usb/", 13) && strlen(path) > 16) return open_device(path, flags); \
    return next_##name(path, flags, mode);                             \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

/* Debian builds libusb with _FORTIFY_SOURCE, which calls these. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }

int close(int fd) {
  NEXT(int, close, int);
  struct device *device = device_of(fd);
  if (device) {
    devices[fd] = NULL;
    for (struct transfer *next; device->transfers; device->transfers = next) {
      next = device->transfers->next;
      free(device->transfers);
    }
    free(device);
  }
  return next_close(fd);
}

/* Before the program waits for a device: sends what was held back. Whether there is something to reap already. */
static int begin_wait(int fd, struct device *device) {
  pthread_mutex_lock(&device->lock);
  send_held(fd, device);
  int ready = device->received_from < device->received_to;
  device->waiting++;
  pthread_mutex_unlock(&device->lock);
  return ready;
}

static void end_wait(struct device *device, int seen) {
  pthread_mutex_lock(&device->lock);
  device->waiting--;
  if (seen & POLLIN) device->drained = 0;
  if (seen & (POLLHUP | POLLERR)) device->hung_up = 1;
  pthread_mutex_unlock(&device->lock);
}

/* A usbfs node says "something to reap" with POLLOUT; a socket says it with POLLIN. */
int poll(struct pollfd *fds, nfds_t count, int timeout) {
  NEXT(int, poll, struct pollfd *, nfds_t, int);
  struct pollfd mapped[64];
  struct device *ours[64];
  int any = 0, ready = 0;
  if (count > 64) return next_poll(fds, count, timeout);
  for (nfds_t i = 0; i < count; i++) {
    mapped[i] = fds[i];
    ours[i] = device_of(fds[i].fd);
    if (!ours[i]) continue;
    any = 1;
    mapped[i].events = fds[i].events & POLLOUT ? POLLIN : 0;
    if (begin_wait(fds[i].fd, ours[i])) ready = 1;
  }
  if (!any) return next_poll(fds, count, timeout);
  int result = next_poll(mapped, count, ready ? 0 : timeout);
  int code = errno, seen_any = 0;
  for (nfds_t i = 0; i < count; i++) {
    short seen = result < 0 ? 0 : mapped[i].revents;
    fds[i].revents = seen;
    if (ours[i]) {
      int buffered = ours[i]->received_from < ours[i]->received_to;
      end_wait(ours[i], seen);
      if (ours[i]->gone || ours[i]->hung_up) fds[i].revents = POLLERR | POLLHUP;
      else fds[i].revents = buffered || seen & POLLIN ? POLLOUT : 0;
    }
    if (fds[i].revents) seen_any++;
  }
  errno = code;
  return result < 0 ? result : seen_any;
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t length) {
  (void)length;
  return poll(fds, count, timeout);
}

static int submit(int fd, struct device *device, struct usbdevfs_urb *urb) {
  uint8_t head[HEADER] = {0};
  uint8_t *buffer = urb->buffer;
  int is_control = urb->type == USBDEVFS_URB_TYPE_CONTROL;
  struct transfer *transfer = calloc(1, sizeof *transfer);
  transfer->urb = urb;
  transfer->data_offset = is_control ? 8 : 0;
  transfer->is_in = (is_control ? buffer[0] : urb->endpoint) >> 7 & 1;
  uint32_t length = urb->buffer_length - transfer->data_offset;
  transfer->sequence = device->sequence++;
  struct transfer **last = &device->transfers;
  while (*last) last = &(*last)->next;
  *last = transfer;
  put32(head, CMD_SUBMIT);
  put32(head + 4, transfer->sequence);
  put32(head + 8, device->id);
  put32(head + 12, transfer->is_in);
  put32(head + 16, is_control ? 0 : urb->endpoint & 15);
  put32(head + 24, length);
  if (is_control) memcpy(head + 40, buffer, 8);
  size_t sent = transfer->is_in ? 0 : length;
  if (!send_request(fd, device, head, buffer + transfer->data_offset, sent)) return 0;
  *last = NULL; /* the program frees what it could not submit */
  free(transfer);
  return fail(ENODEV);
}

static int discard(int fd, struct device *device, struct usbdevfs_urb *urb) {
  uint8_t head[HEADER] = {0};
  struct transfer *transfer = device->transfers;
  while (transfer && transfer->urb != urb) transfer = transfer->next;
  if (!transfer || transfer->discarded) return fail(EINVAL);
  transfer->discarded = 1;
  transfer->unlink_sequence = device->sequence++;
  put32(head, CMD_UNLINK);
  put32(head + 4, transfer->unlink_sequence);
  put32(head + 8, device->id);
  put32(head + 20, transfer->sequence);
  send_request(fd, device, head, head, 0);
  return 0;
}

static int clear_halt(int fd, struct device *device, unsigned endpoint) {
  uint8_t head[HEADER] = {0};
  const uint8_t setup[8] = {2, 1, 0, 0, endpoint, 0, 0, 0};
  put32(head, CMD_SUBMIT);
  put32(head + 4, device->sequence++);
  put32(head + 8, device->id);
  memcpy(head + 40, setup, 8);
  return send_request(fd, device, head, head, 0) ? fail(ENODEV) : 0;
}

static int finish(struct transfer **place, struct usbdevfs_urb **out, int status, int length) {
  struct transfer *transfer = *place;
  *place = transfer->next;
  transfer->urb->status = status;
  transfer->urb->actual_length = length;
  *out = transfer->urb;
  free(transfer);
  return 0;
}

/* Reads one reply and completes the transfer it belongs to; goes on when it belongs to none. */
static int reap(int fd, struct device *device, struct usbdevfs_urb **out, int wait) {
  if (wait) send_held(fd, device);
  for (;;) {
    uint8_t head[HEADER];
    if (device->received_from == device->received_to) {
      ssize_t n = receive_some(fd, device, wait);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return fail(EAGAIN);
      if (n <= 0) {
        device->gone = 1;
        return device->transfers ? finish(&device->transfers, out, -ESHUTDOWN, 0) : fail(ENODEV);
      }
    }
    if (receive_more(fd, device, head, HEADER)) return fail(ENODEV);
    uint32_t sequence = get32(head + 4);
    int status = (int)get32(head + 20), actual = (int)get32(head + 24);
    struct transfer **place = &device->transfers;
    if (get32(head) == RET_UNLINK) {
      if (status == 0) continue;
      while (*place && !((*place)->discarded && (*place)->unlink_sequence == sequence)) place = &(*place)->next;
      if (*place) return finish(place, out, -ENOENT, 0);
      continue;
    }
    while (*place && (*place)->sequence != sequence) place = &(*place)->next;
    if (!*place) continue;
    struct transfer *transfer = *place;
    if (transfer->is_in && actual > 0) {
      int room = transfer->urb->buffer_length - transfer->data_offset;
      int kept = actual < room ? actual : room;
      receive_more(fd, device, (char *)transfer->urb->buffer + transfer->data_offset, kept);
      for (char lost; actual > kept; actual--) {
        receive_more(fd, device, &lost, 1);
        status = -EOVERFLOW;
      }
    }
    return finish(place, out, status, actual);
  }
}

static int device_ioctl(int fd, struct device *device, unsigned long request, void *argument) {
  switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
      *(uint32_t *)argument = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_BULK_CONTINUATION |
                              USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_BULK_SCATTER_GATHER |
                              USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
      return 0;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_SETCONFIGURATION:
    case USBDEVFS_SETINTERFACE:
    case USBDEVFS_RESET:
      return 0;
    case USBDEVFS_GET_SPEED:
      return 3;
    case USBDEVFS_GETDRIVER:
    case USBDEVFS_IOCTL:
      return fail(ENODATA);
    case USBDEVFS_CLEAR_HALT:
      return clear_halt(fd, device, *(unsigned *)argument);
    case USBDEVFS_SUBMITURB:
      return device->gone || device->hung_up ? fail(ENODEV) : submit(fd, device, argument);
    case USBDEVFS_DISCARDURB:
      return discard(fd, device, argument);
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
      return reap(fd, device, argument, request == USBDEVFS_REAPURB);
    default:
      return fail(ENOTTY);
  }
}

int ioctl(int fd, unsigned long request, ...) {
  NEXT(int, ioctl, int, unsigned long, ...);
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  struct device *device = device_of(fd);
  if (!device) return next_ioctl(fd, request, argument);
  pthread_mutex_lock(&device->lock);
  int result = device_ioctl(fd, device, request, argument);
  int code = errno;
  pthread_mutex_unlock(&device->lock);
  errno = code;
  return result;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  NEXT(void *, mmap, void *, size_t, int, int, int, off_t);
  if (device_of(fd)) {
    errno = ENODEV;
    return MAP_FAILED;
  }
  return next_mmap(address, length, protection, flags, fd, offset);
}
