using System.Net.Sockets;
using Renci.SshNet.Common;

namespace VmAppliance.Guest;

/// <summary>A job's standard input, on its way into the machine.</summary>
static class JobInput
{
    const int Chunk = 64 * 1024;

    /// <summary>
    /// Passes it on, behind the job's description and its files, until it ends, or until there is nobody to pass it to: the job and its connection may end at any moment, and that is no
    /// failure. The launcher starts the job when it gets the first byte; we know from before that on that the job may have begun.
    /// </summary>
    /// <param name="spec">The job.</param>
    /// <param name="files">Its files' contents, which are closed here.</param>
    /// <param name="from">The input.</param>
    /// <param name="to">The launcher's.</param>
    /// <param name="go">Over when the launcher is there.</param>
    public static void Pass(JobSpec spec, IReadOnlyList<Stream> files, Stream from, Stream to, Task go)
    {
        try
        {
            spec.Write(to);
            foreach (var file in files)
                using (file)
                    StagedContent.Write(file, to);
            go.Wait();
            to.WriteByte(OutputMark.Go);
            to.Flush();
            var buffer = new byte[Chunk];
            for (int count; (count = from.Read(buffer)) > 0;)
            {
                to.Write(buffer, 0, count);
                to.Flush();
            }
            to.Dispose();
        }
        catch (Exception e) when (e is SshException or SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Whoever waits for the job's end learns of it there.
        }
    }
}
