using System.Text.Json;
using System.Text.Json.Serialization;
using VmAppliance.Linux;

namespace VmAppliance.Storage.DeviceMapper;

/// <summary>A thin device that the pool may know.</summary>
/// <param name="Id">Its id in the pool.</param>
/// <param name="Slot">The slot it was made for.</param>
sealed record ThinId(int Id, int Slot);

/// <summary>What was handed out: every id that the pool may know is in here, because it is written down before the pool hears of it.</summary>
/// <param name="Next">The id to try next.</param>
/// <param name="Live">Ids that may exist.</param>
sealed record ThinIdTable(int Next, IReadOnlyList<ThinId> Live);

/// <summary>JSON of the table.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ThinIdTable))]
sealed partial class ThinJson : JsonSerializerContext;

/// <summary>Hands out the ids of thin devices. Its callers hold the pool's lock.</summary>
/// <param name="file">Where the table is kept.</param>
sealed class ThinIds(string file)
{
    // The pool takes 24 bits: thin-provisioning.rst.
    const int Largest = (1 << 24) - 1;
    const int LargestFile = 1 << 20;

    ThinIdTable _table = Read(file);

    /// <summary>All ids that the pool may know.</summary>
    public IReadOnlyList<ThinId> Live => _table.Live;

    /// <summary>Writes down that a new pool knows none.</summary>
    public void Reset() => Write(_table with { Live = [] });

    /// <summary>An id that was not handed out before, as far as the table knows; the pool may still refuse it.</summary>
    public int Take(int slot)
    {
        var id = Enumerable.Range(0, Largest).Select(n => (_table.Next + n) % (Largest + 1)).First(n => _table.Live.All(l => l.Id != n));
        Write(new ThinIdTable((id + 1) % (Largest + 1), [.. _table.Live, new ThinId(id, slot)]));
        return id;
    }

    /// <summary>The pool does not know an id (any more).</summary>
    public void Forget(int id) => Write(_table with { Live = [.. _table.Live.Where(l => l.Id != id)] });

    void Write(ThinIdTable table)
    {
        Files.Replace(file, JsonSerializer.SerializeToUtf8Bytes(table, ThinJson.Default.ThinIdTable), 0x180 /* 0600 */);
        _table = table;
    }

    // Without its table a pool is made anew (ThinPool); a broken one is as good as none.
    static ThinIdTable Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(Files.ReadNoFollow(file, LargestFile, out _), ThinJson.Default.ThinIdTable) ?? new ThinIdTable(0, []);
        }
        catch (Exception e) when (e is JsonException or LinuxException { Errno: Errno.ENOENT })
        {
            return new ThinIdTable(0, []);
        }
    }
}
