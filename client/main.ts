import { mount } from 'svelte'
import './style/tokens.css'
import './style/base.css'
import './style/surfaces.css'
import './style/controls.css'
import './style/people.css'
import './style/frame.css'
import App from './App.svelte'
import { beginEntering } from './state/entering.ts'
import { routeOf } from './state/route.svelte.ts'

beginEntering(routeOf(location))
const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')
mount(App, { target })
