using System.Text;

namespace VmAppliance.Linux;

/// <summary>
/// Opens one file in a child's stead: seccomp_unotify(2). The child asks to read and write it, and gets a descriptor that only reads. For
/// programs that ask for more than they need, and files that they must never be able to write.
/// </summary>
sealed unsafe class OpenBroker : IDisposable
{
    // linux/seccomp.h, linux/audit.h, linux/filter.h
    const long SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;
    const uint SECCOMP_RET_USER_NOTIF = 0x7FC00000, SECCOMP_RET_ALLOW = 0x7FFF0000, AUDIT_ARCH_X86_64 = 0xC000003E;
    const int SECCOMP_IOCTL_NOTIF_RECV = unchecked((int)0xC0502100), SECCOMP_IOCTL_NOTIF_SEND = unchecked((int)0xC0182101), SECCOMP_IOCTL_NOTIF_ADDFD = 0x40182103;
    const uint SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1, SECCOMP_ADDFD_FLAG_SEND = 2;
    const ushort BPF_LD_W_ABS = 0x20, BPF_JEQ_K = 0x15, BPF_RET_K = 0x06;
    const uint OffsetOfNumber = 0, OffsetOfArchitecture = 4, OffsetOfFlags = 32;
    const uint SYS_openat = 257, O_RDWR = 2, O_CLOEXEC = 0x80000;

    /// <summary>Whether this kernel can do that: since Linux 5.14.</summary>
    public static bool IsSupported { get; } = Environment.OSVersion.Version >= new Version(5, 14);

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    readonly byte[] _path;
    readonly Descriptor _file, _listener, _stop, _stopped;
    readonly Thread _thread;

    OpenBroker(string path, Descriptor file, Descriptor listener)
    {
        (_path, _file, _listener) = ([.. Encoding.UTF8.GetBytes(path), 0], file, listener);
        (_stopped, _stop) = Descriptor.Pipe();
        _thread = new Thread(Attend) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Starts children whose open(2) for reading and writing of a path, without any other flag, is answered with a file. Once this is disposed of,
    /// such an open of whatever path fails.
    /// </summary>
    /// <param name="path">The path, letter by letter.</param>
    /// <param name="file">What they get.</param>
    /// <param name="start">Starts them; the thread that it runs on ends with it.</param>
    /// <exception cref="LinuxException">This process may not do that, or the kernel cannot.</exception>
    public static (T Started, OpenBroker Broker) Start<T>(string path, Descriptor file, Func<T> start)
    {
        var listening = new TaskCompletionSource<Descriptor>();
        var starting = new TaskCompletionSource<T>();
        new Thread(() =>
        {
            try
            {
                listening.SetResult(Filter());
                starting.SetResult(start());
            }
#pragma warning disable CA1031 // Whatever it is, it is thrown again, where somebody can catch it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _ = listening.TrySetException(e) || starting.TrySetException(e);
            }
        }).Start();
        var broker = new OpenBroker(path, file, listening.Task.GetAwaiter().GetResult());
        try
        {
            return (starting.Task.GetAwaiter().GetResult(), broker);
        }
        catch
        {
            broker.Dispose();
            throw;
        }
    }

    struct Instruction(ushort code, byte ifTrue, byte ifFalse, uint k)
    {
        public ushort Code = code;
        public byte IfTrue = ifTrue, IfFalse = ifFalse;
        public uint K = k;
    }

    struct FilterProgram
    {
        public ushort Length;
        public Instruction* First;
    }

    // Of this thread, and of what it starts. The C library's open(2) is openat(2); the runtime's own opens have O_CLOEXEC.
    static Descriptor Filter()
    {
        var instructions = stackalloc Instruction[]
        {
            new(BPF_LD_W_ABS, 0, 0, OffsetOfArchitecture), new(BPF_JEQ_K, 0, 5, AUDIT_ARCH_X86_64),
            new(BPF_LD_W_ABS, 0, 0, OffsetOfNumber), new(BPF_JEQ_K, 0, 3, SYS_openat),
            new(BPF_LD_W_ABS, 0, 0, OffsetOfFlags), new(BPF_JEQ_K, 0, 1, O_RDWR),
            new(BPF_RET_K, 0, 0, SECCOMP_RET_USER_NOTIF), new(BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW),
        };
        var program = new FilterProgram { Length = 8, First = instructions };
        return new Descriptor(Errno.Check(Native.syscall(Native.SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, (nint)(&program), 0), "seccomp", "SECCOMP_FILTER_FLAG_NEW_LISTENER"));
    }

    /// <summary>struct seccomp_notif</summary>
    struct Notice
    {
        public ulong Id;
        public uint Pid, Flags;
        public int Number;
        public uint Architecture;
        public ulong Instruction;
        public fixed ulong Arguments[6];
    }

    /// <summary>struct seccomp_notif_resp</summary>
    struct Answer
    {
        public ulong Id;
        public long Value;
        public int Error;
        public uint Flags;
    }

    /// <summary>struct seccomp_notif_addfd</summary>
    struct Gift
    {
        public ulong Id;
        public uint Flags, Source, New, NewFlags;
    }

    void Attend()
    {
        // Whoever asks when this has ended is refused, and does not wait.
        using var end = _listener;
        while (Poll.Readable(Deadline.None, _listener.Number, _stopped.Number) == 0)
        {
            // Without data we would wait for a question that may never come. A signal makes poll(2) say that there is an error here, where is none.
            var (hasData, isOver) = Poll.Look(_listener.Number);
            if (isOver)
                return;
            if (!hasData)
                continue;
            Notice notice = default;
            // Who asked may be gone meanwhile.
            if (!Call(SECCOMP_IOCTL_NOTIF_RECV, &notice))
                continue;
            if (IsMeant(notice) && Give(notice.Id))
                continue;
            var answer = new Answer { Id = notice.Id, Flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
            Call(SECCOMP_IOCTL_NOTIF_SEND, &answer);
        }
    }

    // It may change its mind after this: then it has a descriptor that it did not want, and no other than it would have had.
    bool IsMeant(in Notice notice)
    {
        try
        {
            using var memory = Descriptor.Open($"/proc/{notice.Pid}/mem", OpenMode.Read);
            var named = new byte[_path.Length];
            return memory.ReadAt((long)notice.Arguments[1], named) == named.Length && named.AsSpan().SequenceEqual(_path);
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    bool Give(ulong id)
    {
        var gift = new Gift { Id = id, Flags = SECCOMP_ADDFD_FLAG_SEND, Source = (uint)_file.Number, NewFlags = O_CLOEXEC };
        return Call(SECCOMP_IOCTL_NOTIF_ADDFD, &gift);
    }

    // The runtime stops threads by signals.
    bool Call(int request, void* argument)
    {
        while (Tmds.Linux.LibC.ioctl(_listener.Number, request, argument) < 0)
            if (Errno.Last != Errno.EINTR)
                return false;
        return true;
    }

    public void Dispose()
    {
        _stop.Dispose();
        // It looks into the memory of a process that is not root's, which can lock that: then it is left behind.
        if (_thread.Join(s_patience))
            _stopped.Dispose();
    }
}
