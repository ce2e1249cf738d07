using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>Collects what a program writes, and tells when it has written something.</summary>
sealed class Capture
{
    readonly ArrayBufferWriter<byte> _bytes = new();
    readonly List<(byte[] Wanted, TaskCompletionSource Found)> _waiting = [];
    readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool _ended;

    /// <summary>Begins to read.</summary>
    public Capture(SafeFileHandle pipe) => new Thread(() => Read(pipe)) { IsBackground = true }.Start();

    /// <summary>Nothing to collect.</summary>
    public Capture()
    {
        _ended = true;
        _end.SetResult();
    }

    /// <summary>Completes when nobody can write any more.</summary>
    public Task End => _end.Task;

    /// <summary>All of it so far.</summary>
    public byte[] Bytes
    {
        get
        {
            lock (_bytes)
                return _bytes.WrittenSpan.ToArray();
        }
    }

    /// <summary>Completes when this text has been written; fails when the end comes first.</summary>
    public Task Contains(string text)
    {
        lock (_bytes)
        {
            var wanted = Encoding.UTF8.GetBytes(text);
            if (Has(wanted))
                return Task.CompletedTask;
            if (_ended)
                return Task.FromException(Missing(wanted));
            var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, found));
            return found.Task;
        }
    }

    void Read(SafeFileHandle pipe)
    {
        using var stream = new FileStream(pipe, FileAccess.Read, 0);
        var buffer = new byte[64 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
            lock (_bytes)
            {
                _bytes.Write(buffer.AsSpan(0, count));
                foreach (var (_, found) in Take(w => Has(w)))
                    found.SetResult();
            }
        lock (_bytes)
        {
            _ended = true;
            foreach (var (wanted, found) in Take(_ => true))
                found.SetException(Missing(wanted));
        }
        _end.SetResult();
    }

    List<(byte[] Wanted, TaskCompletionSource Found)> Take(Func<byte[], bool> which)
    {
        var taken = _waiting.Where(w => which(w.Wanted)).ToList();
        taken.ForEach(w => _waiting.Remove(w));
        return taken;
    }

    bool Has(byte[] wanted) => _bytes.WrittenSpan.IndexOf(wanted) >= 0;

    InvalidOperationException Missing(byte[] wanted) =>
        new($"the program ended without writing '{Encoding.UTF8.GetString(wanted)}'; it wrote '{Encoding.UTF8.GetString(_bytes.WrittenSpan)}'");
}
