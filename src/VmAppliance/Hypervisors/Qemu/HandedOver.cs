using System.Net.Sockets;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>The open files that root hands to a machine: QEMU runs with its owner's rights and could not open them itself.</summary>
sealed class HandedOver : IDisposable
{
    const int Backlog = 4;

    readonly List<Descriptor> _files = [];
    readonly List<Socket> _sockets = [];
    readonly Dictionary<string, Socket> _clients = [];
    readonly List<int> _numbers = [];

    /// <summary>Standard input is empty; both outputs go to a bounded memory file.</summary>
    /// <param name="mark">The name of that file, by which the machine's processes are found.</param>
    public HandedOver(string mark)
    {
        Errors = Keep(Descriptor.Memory(mark, 16 * 1024));
        Open("/dev/null", OpenMode.Read);
        Add(Errors);
        _numbers.Add(Errors.Number);
    }

    /// <summary>What QEMU writes to its standard error.</summary>
    public Descriptor Errors { get; }

    /// <summary>Element N becomes QEMU's descriptor N.</summary>
    public IReadOnlyList<int> Numbers => _numbers;

    /// <summary>Opens a file for QEMU.</summary>
    /// <returns>The number it will have there.</returns>
    public int Open(string path, OpenMode flags) => Add(Keep(Descriptor.Open(path, flags)));

    /// <summary>Hands over an open descriptor.</summary>
    /// <returns>The number it will have there.</returns>
    public int Add(Descriptor file)
    {
        Keep(file);
        _numbers.Add(file.Number);
        return _numbers.Count - 1;
    }

    /// <summary>Hands over what becomes standard input and output.</summary>
    public void Streams(Descriptor input, Descriptor output) => (_numbers[0], _numbers[1]) = (Keep(input).Number, Keep(output).Number);

    /// <summary>A listening socket that only the owner may connect to; the first connection, which QEMU will take, is ours.</summary>
    /// <param name="path">Where it is to be.</param>
    /// <param name="uid">The owner.</param>
    /// <param name="gid">The owner's group.</param>
    /// <returns>The number it will have there.</returns>
    public int Listen(string path, int uid, int gid)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _sockets.Add(socket);
        // .NET's finalizer would unlink the path under the running machine.
#pragma warning disable CA1816 // meant for exactly this object
        GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        File.Delete(path);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(Backlog);
        // Before the owner can: whoever fills the queue of waiting connections could hold root's hook up for ever.
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        _clients[path] = client;
        Files.Change(path, 0x180 /* 0600 */, uid, gid);
        _numbers.Add(Descriptor.Of(socket));
        return _numbers.Count - 1;
    }

    /// <summary>Our connection to a listening socket; the caller's from now on.</summary>
    public Socket Client(string path)
    {
        _clients.Remove(path, out var client);
        return client!;
    }

    Descriptor Keep(Descriptor file)
    {
        if (!_files.Contains(file))
            _files.Add(file);
        return file;
    }

    /// <summary>Closes this process's copies of all but the standard error's: a peer of QEMU must notice when QEMU is gone.</summary>
    public void CloseOwn()
    {
        foreach (var socket in _sockets)
            // Dispose would unlink nothing, but shut the shared socket down; closing the descriptor leaves QEMU's copy alone.
            new Descriptor(Descriptor.Of(socket)).Dispose();
        _sockets.ForEach(s => s.SafeHandle.SetHandleAsInvalid());
        _sockets.Clear();
        foreach (var file in _files.Where(f => f != Errors))
            file.Dispose();
    }

    public void Dispose()
    {
        CloseOwn();
        foreach (var client in _clients.Values)
            client.Dispose();
        Errors.Dispose();
    }
}
