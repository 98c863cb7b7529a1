/*
 * Preloaded into a hub (LD_PRELOAD), makes the disk slow or broken at the moment when data is to become durable. What it does
 * is read at each sync from the file that FSYNC_CONTROL names: "slow MILLISECONDS", "fail", or nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int sync_with_faults(const char *name, int fd) {
  char mode[16] = "";
  long delay_ms = 0;
  const char *path = getenv("FSYNC_CONTROL");
  FILE *control = path ? fopen(path, "r") : NULL;
  if (control) {
    if (fscanf(control, "%15s %ld", mode, &delay_ms) < 1) mode[0] = 0;
    fclose(control);
  }
  if (strcmp(mode, "fail") == 0) {
    errno = EIO;
    return -1;
  }
  if (strcmp(mode, "slow") == 0) {
    struct timespec delay = {delay_ms / 1000, delay_ms % 1000 * 1000000L};
    nanosleep(&delay, NULL);
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fsync(int fd) { return sync_with_faults("fsync", fd); }
int fdatasync(int fd) { return sync_with_faults("fdatasync", fd); }
