"""The log writer: threads that never need the GIL.

    loop: append ──memcpy──▶ pending ┐
                                     ├ swapped whenever a thread is free
    thread 1:             its batch ◀┤ ──pwrite──▶ fdatasync ──┐
    thread 2:       the next batch ◀─┘ ──pwrite──▶ fdatasync ──┴▶ durable ──eventfd──▶ loop

Everything appended while all are at work goes out in the next batch: one fdatasync for all who wait. There are two
threads, as the disk makes two batches durable in little more time than one: a commit need not wait for the end of the
fdatasync that was under way when it came. The batches end in any order, `durable` goes on in theirs: batch 2 counts
when batch 1 does.

A Python thread would have to take the GIL after each fdatasync, and a busy loop can keep it for 5 ms.

A thread works for some 20 us at a time. Linux does not let a thread that was woken go before one that runs, but for
one that asked for a shorter slice: without it a commit waited longer for a processor after its fdatasync than for the
disk.

After a failed write or fdatasync the writer is poisoned: it writes nothing more, nothing more becomes durable, and the
error number is reported. (The kernel may have dropped the dirty pages, so a second fdatasync would lie. It tells of a
failure once an open file: each thread has its own, so none takes for a success what another was told.)
"""
from libc.stdint cimport uint64_t, int64_t
from libc.stdlib cimport calloc, realloc, free
from libc.string cimport memcpy
from libc.errno cimport errno
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from aurorapy_native.clock cimport monotonic

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_t:
        pass
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    int pthread_create(pthread_t*, const void*, void* (*)(void*) noexcept nogil, void*)
    int pthread_join(pthread_t, void**)
    int pthread_mutex_init(pthread_mutex_t*, const void*)
    int pthread_mutex_lock(pthread_mutex_t*)
    int pthread_mutex_unlock(pthread_mutex_t*)
    int pthread_mutex_destroy(pthread_mutex_t*)
    int pthread_cond_init(pthread_cond_t*, const void*)
    int pthread_cond_wait(pthread_cond_t*, pthread_mutex_t*)
    int pthread_cond_signal(pthread_cond_t*)
    int pthread_cond_broadcast(pthread_cond_t*)
    int pthread_cond_destroy(pthread_cond_t*)

cdef extern from "<unistd.h>" nogil:
    ssize_t pwrite(int, const void*, size_t, int64_t)
    ssize_t read(int, void*, size_t)
    ssize_t write(int, const void*, size_t)
    int fdatasync(int)
    int c_close "close"(int)

cdef extern from "<fcntl.h>" nogil:
    int c_open "open"(const char*, int, ...)
    enum: O_WRONLY
    enum: O_CLOEXEC

cdef extern from "<sys/eventfd.h>" nogil:
    int eventfd(unsigned int, int)
    enum: EFD_NONBLOCK
    enum: EFD_CLOEXEC

cdef extern from "<errno.h>" nogil:
    enum: EINTR


cdef extern from "<sched.h>" nogil:
    int sched_yield()

cdef extern from *:
    """
    #include <sched.h>
    #include <stdint.h>
    #include <sys/resource.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    /* The kernel's struct sched_attr, as it first was. */
    struct log_sched_attr {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    };

    static inline void ask_for_slice(uint64_t nanoseconds) {
        if (sched_getscheduler(0) != SCHED_OTHER)
            return;
        struct log_sched_attr attr = {sizeof(attr), 0, 0, getpriority(PRIO_PROCESS, 0), 0, nanoseconds, 0, 0};
        syscall(SYS_sched_setattr, 0, &attr, 0);
    }
    static inline int is_zero(const size_t* value) { return __atomic_load_n(value, __ATOMIC_RELAXED) == 0; }
    """
    bint is_zero(const size_t*) noexcept nogil
    void ask_for_slice(uint64_t) noexcept nogil


cdef uint64_t SLICE_NS = 100_000      # the shortest Linux knows: who needs so little goes first when it is woken
cdef double BUSY_SECONDS = 20e-6      # a yield that takes longer let another thread work


cdef enum:
    THREADS = 2


cdef struct Batch:               # taken by a thread, not yet counted as durable
    uint64_t end                 # file position behind it
    bint done


cdef struct Shared:
    pthread_mutex_t mutex
    pthread_cond_t work          # signalled when pending is filled, or at the end
    int[THREADS] fds             # of the same file, one a thread
    int started                  # threads, so far
    int event_fd
    char* pending                # appended, not yet taken by a thread
    size_t pending_used
    size_t pending_size
    uint64_t position            # file position where `pending` begins
    Batch[THREADS] batches       # a ring, in the order of their positions
    uint64_t taken               # batches taken
    uint64_t counted             # of them, durable with all before
    uint64_t durable             # everything below is on disk
    uint64_t syncs
    int sleeping                 # threads on `work`
    bint looking                 # one polls for more
    double spin_seconds          # how long it looks for more before it sleeps
    bint ending
    int error                    # errno of the first failure; then the file is poisoned


cdef int write_all(int fd, const char* data, size_t count, uint64_t position) noexcept nogil:
    """0, or the errno."""
    cdef ssize_t done
    while count:
        done = pwrite(fd, data, count, <int64_t>position)
        if done < 0:
            if errno == EINTR:
                continue
            return errno
        data += done
        count -= done
        position += done
    return 0


cdef void look_for_more(Shared* s) noexcept nogil:
    """Returns when something was appended, the time is over, or somebody else has use for the processor."""
    cdef double now = monotonic(), before = now, until = now + s.spin_seconds
    while is_zero(&s.pending_used) and not s.ending and now < until and now - before < BUSY_SECONDS:
        before = now
        sched_yield()
        now = monotonic()


cdef bint is_free(Shared* s) noexcept nogil:
    """May another batch be taken?"""
    return s.pending_used > 0 and s.taken - s.counted < THREADS


cdef bint wait_for_work(Shared* s) noexcept nogil:
    """Under the mutex. False at the end, and when the writer is poisoned. One thread polls, the others sleep."""
    if s.pending_used == 0 and s.spin_seconds > 0 and not s.looking:
        s.looking = True
        pthread_mutex_unlock(&s.mutex)
        look_for_more(s)
        pthread_mutex_lock(&s.mutex)
        s.looking = False
    while not is_free(s) and not s.error and not (s.ending and s.pending_used == 0):
        s.sleeping += 1
        pthread_cond_wait(&s.work, &s.mutex)
        s.sleeping -= 1
    return s.pending_used > 0 and not s.error


cdef bint count_durable(Shared* s) noexcept nogil:
    """Under the mutex: goes on over the batches that are done. True when it did."""
    cdef uint64_t before = s.counted
    while s.counted < s.taken and s.batches[s.counted % THREADS].done:
        s.durable = s.batches[s.counted % THREADS].end
        s.counted += 1
    return s.counted > before


cdef void* writer_main(void* argument) noexcept nogil:
    cdef Shared* s = <Shared*>argument
    cdef char* data = NULL           # the thread's own; swapped with pending
    cdef size_t count, size = 0
    cdef uint64_t position, one = 1
    cdef Batch* batch
    cdef int fd, error
    ask_for_slice(SLICE_NS)
    pthread_mutex_lock(&s.mutex)
    fd = s.fds[s.started]
    s.started += 1
    while wait_for_work(s):
        s.pending, data = data, s.pending
        s.pending_size, size = size, s.pending_size
        count, s.pending_used = s.pending_used, 0
        position = s.position
        s.position += count
        batch = &s.batches[s.taken % THREADS]
        batch.end, batch.done = s.position, False
        s.taken += 1
        pthread_mutex_unlock(&s.mutex)

        error = write_all(fd, data, count, position)
        if not error and fdatasync(fd) != 0:
            error = errno

        pthread_mutex_lock(&s.mutex)
        s.syncs += 1
        batch.done = error == 0
        if error and not s.error:
            s.error = error
        if s.error or count_durable(s):
            write(s.event_fd, &one, 8)
        if s.error:
            break
    pthread_cond_broadcast(&s.work)      # the others end as well
    pthread_mutex_unlock(&s.mutex)
    free(data)
    return NULL


cdef class LogWriter:
    """Appends to the file `path` from `position` on; the file exists and is zero-filled. spin_seconds: how long a
    thread looks for more after a batch before it sleeps, since being woken costs about as much as the disk."""
    cdef Shared* s
    cdef pthread_t[THREADS] threads
    cdef int started

    def __cinit__(self, str path, uint64_t position, double spin_seconds=0.0):
        cdef bytes encoded = path.encode()
        cdef int i
        self.s = <Shared*>calloc(1, sizeof(Shared))
        if self.s == NULL:
            raise MemoryError
        self.s.position = self.s.durable = position
        self.s.spin_seconds = spin_seconds
        self.s.event_fd = -1
        for i in range(THREADS):
            self.s.fds[i] = -1
        for i in range(THREADS):
            self.s.fds[i] = c_open(encoded, O_WRONLY | O_CLOEXEC)
            if self.s.fds[i] < 0:
                raise OSError(errno, "cannot open the log file", path)
        self.s.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if self.s.event_fd < 0:
            raise OSError(errno, "cannot make an eventfd")
        pthread_mutex_init(&self.s.mutex, NULL)
        pthread_cond_init(&self.s.work, NULL)
        for i in range(THREADS):
            if pthread_create(&self.threads[i], NULL, writer_main, self.s) != 0:
                raise OSError(errno, "cannot start the log writer")
            self.started += 1

    def append(self, bytes first not None, bytes second=b"", bytes third=b""):
        """Queues the parts at the end, as one; returns the file position after them. Never waits for I/O."""
        cdef uint64_t end
        if self.put(PyBytes_AS_STRING(first), PyBytes_GET_SIZE(first), PyBytes_AS_STRING(second),
                    PyBytes_GET_SIZE(second), PyBytes_AS_STRING(third), PyBytes_GET_SIZE(third), &end):
            raise MemoryError
        return end

    cdef int put(self, const char* a, size_t na, const char* b, size_t nb, const char* c, size_t nc,
                 uint64_t* end) noexcept nogil:
        cdef Shared* s = self.s
        cdef size_t size, count = na + nb + nc
        cdef char* to
        cdef bint wake
        pthread_mutex_lock(&s.mutex)
        if s.pending_used + count > s.pending_size:
            size = s.pending_size * 2 if s.pending_size else 65536
            while size < s.pending_used + count:
                size *= 2
            to = <char*>realloc(s.pending, size)
            if to == NULL:
                pthread_mutex_unlock(&s.mutex)
                return -1
            s.pending, s.pending_size = to, size
        to = s.pending + s.pending_used
        memcpy(to, a, na)
        memcpy(to + na, b, nb)
        memcpy(to + na + nb, c, nc)
        s.pending_used += count
        end[0] = s.position + s.pending_used
        wake = s.sleeping > 0 and not s.looking and s.taken - s.counted < THREADS
        pthread_mutex_unlock(&s.mutex)
        if wake:
            pthread_cond_signal(&s.work)
        return 0

    def poll(self):
        """(durable position, errno or 0); clears the eventfd."""
        cdef uint64_t count, durable
        cdef int error
        read(self.s.event_fd, &count, 8)
        pthread_mutex_lock(&self.s.mutex)
        durable, error = self.s.durable, self.s.error
        pthread_mutex_unlock(&self.s.mutex)
        return durable, error

    @property
    def syncs(self):
        """How many times a write was made durable."""
        return self.s.syncs

    def fileno(self):
        """The eventfd: readable when poll() has news."""
        return self.s.event_fd

    def stop(self):
        """Writes what is queued, then ends the threads. Waits for them, without the GIL."""
        cdef int i
        if not self.started:
            return
        with nogil:
            pthread_mutex_lock(&self.s.mutex)
            self.s.ending = True
            pthread_cond_broadcast(&self.s.work)
            pthread_mutex_unlock(&self.s.mutex)
            for i in range(self.started):
                pthread_join(self.threads[i], NULL)
        self.started = 0

    def close(self):
        """stop(), then closes the files."""
        cdef int i
        self.stop()
        for i in range(THREADS):
            if self.s.fds[i] >= 0:
                c_close(self.s.fds[i])
                self.s.fds[i] = -1
        if self.s.event_fd >= 0:
            c_close(self.s.event_fd)
            self.s.event_fd = -1

    def __dealloc__(self):
        if self.s != NULL:
            self.close()
            free(self.s.pending)
            free(self.s)
