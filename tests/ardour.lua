-- Tracks, two buses and Premix in an empty Ardour session, for tests/ardour.py:
--     ardour7-lua tests/ardour.lua FOLDER NAME WIRING DIALOGUE_TRACKS WALLA_TRACKS
-- The dialogue goes to the bus "Speech", the walla to the bus "Crowd". Premix is on the master bus, which is mono.
-- WIRING is "side-chain": Crowd feeds the second input of Premix; or "walla bus": Premix Walla is on Crowd, which
-- feeds the master bus like Speech.

local folder, name, wiring, dialogue_tracks, walla_tracks =
	arg[1], arg[2], arg[3], tonumber(arg[4]), tonumber(arg[5])

local session = assert(load_session(folder, name), "the session does not load")
local last = ARDOUR.PresentationInfo.max_order

local function tracks(count, kind)
	return session:new_audio_track(1, 1, nil, count, kind, last, ARDOUR.TrackMode.Normal, true, true)
end

local function bus(name)
	return session:new_audio_route(1, 1, nil, 1, name, ARDOUR.PresentationInfo.Flag.AudioBus, last):front()
end

local function insert(plugin, route)
	local processor = ARDOUR.LuaAPI.new_plugin(session, plugin, ARDOUR.PluginType.VST3, "")
	assert(not processor:isnil(), plugin .. " is not among Ardour's plugins")
	assert(route:add_processor_by_index(processor, 0, nil, true) == 0, plugin .. " is not inserted")
	return processor
end

local function wire(from, input)
	from:output():disconnect_all(nil)
	assert(from:output():nth(0):connect(input:nth(0):name()) == 0, from:name() .. " is not connected")
end

-- In real time it would fade in over the first 65 ms.
session:cfg():set_use_transport_fades(false)
session:add_master_bus(ARDOUR.ChanCount(ARDOUR.DataType("audio"), 1))
local dialogue = tracks(dialogue_tracks, "Dialogue")
local speech, crowd = bus("Speech"), bus("Crowd")
local walla = tracks(walla_tracks, "Walla")
-- Ardour connects new tracks to the master bus by itself, a little later.
sleep(2)
local master = session:master_out()

-- One channel in, one out, however many the plugin could have.
crowd:set_strict_io(true)
for track in dialogue:iter() do
	wire(track, speech:input())
end
for track in walla:iter() do
	wire(track, crowd:input())
end
local premix = insert("Premix", master)
if wiring == "side-chain" then
	assert(master:add_sidechain(premix), "Ardour gives Premix no side-chain")
	wire(crowd, premix:to_plugininsert():sidechain_input())
else
	insert("Premix Walla", crowd)
	wire(crowd, master:input())
end

sleep(1)
for route in session:get_routes():iter() do
	print(string.format("%s: %d in, %d out", route:name(), route:n_inputs():n_audio(), route:n_outputs():n_audio()))
end
premix = premix:to_plugininsert()
print(string.format(
	"Premix: %d in, %d out, latency %d samples", premix:input_streams():n_audio(),
	premix:output_streams():n_audio(), premix:signal_latency()
))
session:save_state("")
session:close()
quit()
