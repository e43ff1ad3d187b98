/* A stand-in for libnvidia-ml.so.1 with two GPUs. What goes wrong is said by words in the file $NVML_STAND_IN.
 *
 * The functions and the order of their structures are those of NVML's reference; what it answers was not recorded.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, UNSUPPORTED = 3, DENIED = 4, NOT_FOUND = 6, TOO_SMALL = 7, NO_DRIVER = 9, NO_FUNCTION = 13, LOST = 15 };

typedef uintptr_t Device; /* 1 and 2 are GPUs, 100 and more the MIG instances of the first */

static int is(const char *word) {
    char words[256] = "";
    FILE *file = fopen(getenv("NVML_STAND_IN"), "r");
    if (file == NULL) return 0;
    size_t length = fread(words, 1, sizeof words - 1, file);
    fclose(file);
    words[length] = '\0';
    return strstr(words, word) != NULL;
}

static int state(Device device) { return device == 2 && is("lost") ? LOST : OK; }

static int sensor(Device device) {
    if (device >= 100 || is("unsupported")) return UNSUPPORTED;
    return state(device);
}

const char *nvmlErrorString(int code) { (void)code; return "Some Error"; }
int nvmlInitWithFlags(unsigned flags) { (void)flags; return is("no-driver") ? NO_DRIVER : OK; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { snprintf(text, size, "580.1"); return OK; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    if (is("crash")) abort();
    while (is("hang")) pause();
    *count = is("none") ? 0 : 2;
    return OK;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device *device) {
    if (index == 1 && is("denied")) return DENIED;
    *device = index + 1;
    return OK;
}

int nvmlDeviceGetUUID(Device device, char *text, unsigned size) {
    snprintf(text, size, device >= 100 ? "MIG-%u" : "GPU-%u", (unsigned)device);
    return state(device);
}

int nvmlDeviceGetName(Device device, char *text, unsigned size) {
    snprintf(text, size, is("bytes") ? "\xff\xfe" : "Stand-in");
    return state(device);
}

int nvmlDeviceGetMinorNumber(Device device, unsigned *minor) {
    *minor = 2 - device; /* the other way round than on the bus */
    return device >= 100 ? UNSUPPORTED : state(device);
}

typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory2;
typedef struct { unsigned long long total, free, used; } Memory1;

int nvmlDeviceGetMemoryInfo_v2(Device device, Memory2 *memory) {
    if (is("old")) return NO_FUNCTION;
    memory->total = 8000, memory->used = 1000 + device;
    return state(device);
}

int nvmlDeviceGetMemoryInfo(Device device, Memory1 *memory) {
    memory->total = 8000, memory->used = 3000;
    return state(device);
}

int nvmlDeviceGetUtilizationRates(Device device, unsigned rates[2]) {
    rates[0] = 40 + device, rates[1] = 0;
    return device == 1 && is("mig") ? UNSUPPORTED : sensor(device);
}

int nvmlDeviceGetPowerUsage(Device device, unsigned *milliwatts) { *milliwatts = 250500; return sensor(device); }
int nvmlDeviceGetTemperature(Device device, unsigned which, unsigned *celsius) {
    *celsius = 50 + which;
    return sensor(device);
}
int nvmlDeviceGetTotalEnergyConsumption(Device device, unsigned long long *millijoules) {
    *millijoules = 7500;
    return sensor(device);
}

int nvmlDeviceGetMigMode(Device device, unsigned *current, unsigned *pending) {
    *current = *pending = device == 1 && is("mig");
    return device == 2 ? UNSUPPORTED : OK;
}

int nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned *count) { (void)device; *count = 4; return OK; }

int nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned place, Device *instance) {
    (void)device;
    if (place == 1) return NOT_FOUND;
    if (place == 3) return DENIED;
    *instance = 100 + place;
    return OK;
}

int nvmlDeviceGetGpuInstanceId(Device device, unsigned *id) { *id = device - 100 + 7; return OK; }
int nvmlDeviceGetComputeInstanceId(Device device, unsigned *id) { (void)device; *id = 0; return OK; }

typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;

static int processes(Device device, unsigned *count, Process *list) {
    if (device == 2) { *count = 0; return state(device); }
    if (list == NULL) { *count = 2; return TOO_SMALL; }
    list[0] = (Process){.pid = 501, .used = 600};
    list[1] = (Process){.pid = 502, .used = -1};
    *count = 2;
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned *count, Process *list) {
    if (is("secret")) return DENIED;
    return is("old") ? NO_FUNCTION : processes(device, count, list);
}

int nvmlDeviceGetComputeRunningProcesses_v2(Device device, unsigned *count, Process *list) {
    return is("secret") ? DENIED : processes(device, count, list);
}

int nvmlDeviceGetMPSComputeRunningProcesses_v3(Device device, unsigned *count, Process *list) {
    (void)device;
    if (list == NULL) { *count = 1; return is("mps") ? TOO_SMALL : UNSUPPORTED; }
    list[0] = (Process){.pid = 503, .used = 70};
    *count = 1;
    return OK;
}
