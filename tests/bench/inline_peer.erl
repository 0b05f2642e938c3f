%% What Erlang's processes do: a line on standard input says what, and how often.
-module(inline_peer).
-export([main/0]).

main() ->
    Counter = spawn(fun() -> count(0) end),
    answer("ready"),
    loop(Counter).

loop(Counter) ->
    case io:get_line("") of
        eof ->
            halt();
        Line ->
            [What, Number] = string:lexemes(string:trim(Line), " "),
            obey(What, list_to_integer(Number), Counter),
            loop(Counter)
    end.

obey("cast", N, Counter) ->
    cast(N, Counter),
    call(Counter, casts),
    answer("done");
obey("call", N, Counter) ->
    calls(N, Counter),
    answer("done");
obey("spawn", N, _) ->
    Pids = [spawn(fun() -> count(0) end) || _ <- lists:seq(1, N)],
    answer("done"),
    stop(Pids);
obey("memory", N, _) ->
    Before = erlang:memory(processes),
    Pids = [spawn(fun() -> count(0) end) || _ <- lists:seq(1, N)],
    Bytes = (erlang:memory(processes) - Before) div N,
    answer(integer_to_list(Bytes)),
    stop(Pids).

stop(Pids) ->
    [exit(Pid, kill) || Pid <- Pids].

cast(0, _) ->
    ok;
cast(N, Counter) ->
    Counter ! {cast, count, [N]},
    cast(N - 1, Counter).

calls(0, _) ->
    ok;
calls(N, Counter) ->
    N = call(Counter, {echo, N}),
    calls(N - 1, Counter).

call(Counter, What) ->
    Reference = make_ref(),
    Counter ! {call, self(), Reference, What},
    receive
        {Reference, Answer} -> Answer
    end.

count(Casts) ->
    receive
        {cast, count, [_]} ->
            count(Casts + 1);
        {call, From, Reference, casts} ->
            From ! {Reference, Casts},
            count(Casts);
        {call, From, Reference, {echo, Value}} ->
            From ! {Reference, Value},
            count(Casts)
    end.

answer(Text) ->
    io:put_chars([Text, "\n"]).
