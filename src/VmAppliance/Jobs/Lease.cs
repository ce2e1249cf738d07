using System.Text.Json;
using VmAppliance.Linux;

namespace VmAppliance.Jobs;

/// <summary>A slot held by a job: a directory, and a lock that dies with whoever works on it.</summary>
sealed class Lease : IDisposable
{
    const int RootOnly = 0x180, OwnerReads = 0x100; // 0600, 0400

    readonly FileLock _lock;

    /// <summary>A lease whose lock this process has.</summary>
    public Lease(string directory, LeaseRecord record, FileLock held) => (Directory, Record, _lock) = (directory, record, held);

    /// <summary>Its directory: root's, with the owner's sockets in it; nobody but root can add or remove names.</summary>
    public string Directory { get; }

    /// <summary>What is known of it.</summary>
    public LeaseRecord Record { get; private set; }

    /// <summary>What the owner was given by this process; null when nothing was yet.</summary>
    public Pass? Issued { get; private set; }

    /// <summary>Writes down what is about to happen. Before there is a machine, or when it is gone, only its uuid is known.</summary>
    public void Enter(Phase phase) => Write(Record with { Phase = phase, Machine = phase < Phase.Identifying ? Record.Machine with { Pid = 0, StartTicks = 0 } : Record.Machine });

    /// <summary>Writes down which machine was started.</summary>
    public void Started(Hypervisors.MachineReference machine) => Write(Record with { Phase = Phase.Identifying, Machine = machine });

    /// <summary>Writes down that it could not be taken down.</summary>
    public void Soil(string trouble) => Write(Record with { Phase = Phase.Dirty, Trouble = trouble });

    /// <summary>Gives the owner what the owner needs.</summary>
    public void Issue(Pass pass, int gid)
    {
        Files.Replace(LeaseStore.PassFile(Directory), JsonSerializer.SerializeToUtf8Bytes(pass, LeaseJson.Default.Pass), OwnerReads, Record.Uid, gid);
        Issued = pass;
    }

    /// <summary>
    /// Whether its starter says that the job has begun. It is the owner's word: who lies is tried for longer, or
    /// tells what any job that runs tells, that machines of the image start here.
    /// </summary>
    public bool HasBegun
    {
        get
        {
            try
            {
                return Files.Facts(LeaseStore.PassFile(Directory)) is { } facts && (facts.Mode & LeaseStore.Begun) != 0;
            }
            catch (LinuxException)
            {
                // Not to know it must not keep anybody from taking the machine down.
                return false;
            }
        }
    }

    /// <summary>What the name of a directory that is being deleted begins with.</summary>
    public const string Gone = "gone-";

    /// <summary>Removes all that is left of it, and frees the slot: at once by its name, so that no half of a lease is ever seen.</summary>
    public void Delete()
    {
        var gone = $"{Path.GetDirectoryName(Path.GetDirectoryName(Directory))}/{Gone}{Path.GetFileName(Directory)}.{Environment.ProcessId}";
        System.IO.Directory.Move(Directory, gone);
        Discard(gone);
    }

    /// <summary>Deletes a directory that nobody looks for any more; another may be doing the same.</summary>
    public static void Discard(string directory)
    {
        try
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The other was faster.
        }
    }

    void Write(LeaseRecord record)
    {
        Files.Replace(LeaseStore.RecordFile(Directory), JsonSerializer.SerializeToUtf8Bytes(record, LeaseJson.Default.LeaseRecord), RootOnly);
        Record = record;
    }

    public void Dispose() => _lock.Dispose();
}
